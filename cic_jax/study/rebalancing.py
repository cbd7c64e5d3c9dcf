"""Rebalancing taken apart: what training with class weights gives that a read-out does not.

An unbalanced model becomes more colourful in three ways after its training: by saturation, by a
lower temperature, and by rebalancing its distribution (`prior.adjust`). Each way is a curve of
error against colourfulness. A model that was trained with class weights (CIC, equation 4, some
lambda) is a point, compared with each curve at the point's colourfulness.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from cic_jax import read_out
from cic_jax.metrics import METRICS
from cic_jax.model import Model
from cic_jax.report import style
from cic_jax.report.markdown import Rows, written
from cic_jax.train import bootstrap, matched
from cic_jax.train.sample import Cells, Sample

TAUS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
TEMPERATURES = (1.0, 0.7, 0.5, 0.38, 0.25, 0.15, 0.08, 0.03)
ERRORS = ("rmse_ab", "auc")
WAYS = {
    "saturation": "saturation",
    "temperature": "temperature",
    "tau": "rebalancing at read-out (tau)",
}


class Curve(NamedTuple):
    """Metrics of every photograph along a way of making a model more colourful."""

    values: Float[np.ndarray, " k"]  # of the option
    metrics: matched.Curves  # metric -> 'n k'


def curves(model: Model, sample: Sample, own: read_out.Settings) -> dict[str, Curve]:
    """Measure the three ways of `WAYS` on a model over bins, beginning at `own`."""
    (plain,) = matched.cells(model, sample, [own])
    by = {"saturation": Curve(matched.SATURATIONS, matched.curves(sample, plain))}
    temperatures = [own._replace(temperature=value) for value in TEMPERATURES]
    taus = [own._replace(tau=value) for value in TAUS]
    for option, values, ways in (
        ("temperature", TEMPERATURES, temperatures),
        ("tau", TAUS, taus),
    ):
        points = [_at_once(sample, cell_ab) for cell_ab in matched.cells(model, sample, ways)]
        by[option] = Curve(
            np.array(values),
            {name: np.stack([point[name] for point in points], axis=1) for name in points[0]},
        )
    return by


def point(model: Model, sample: Sample, own: read_out.Settings) -> matched.Columns:
    """Measure a model as it is read out by `own`: metrics by photograph."""
    (cell_ab,) = matched.cells(model, sample, [own])
    return _at_once(sample, cell_ab)


def _at_once(sample: Sample, cell_ab: Cells) -> matched.Columns:
    measured = matched.curves(sample, cell_ab, np.ones(1, np.float32))
    return {name: values[:, 0] for name, values in measured.items()}


def at(curve: Curve, colorfulness: float) -> matched.Columns | None:
    """Interpolate each photograph's metrics to where the mean colourfulness is as given.

    The first crossing counts. None where the curve does not get there.
    """
    means = curve.metrics["colorfulness"].mean(axis=0)
    for i in range(len(means) - 1):
        low, high = means[i], means[i + 1]
        if min(low, high) <= colorfulness <= max(low, high) and low != high:
            share = (colorfulness - low) / (high - low)
            return {
                name: (1 - share) * values[:, i] + share * values[:, i + 1]
                for name, values in curve.metrics.items()
            }
    return None


def summary(
    by: Mapping[str, Curve], trained: Mapping[float, matched.Columns], truth: float
) -> dict[str, Any]:
    """Summarise for JSON: curves of means, points, and paired differences with 95 % intervals.

    Args:
        by: Curves of the unbalanced model.
        trained: Metrics of the models trained with weights, by their lambda.
        truth: Mean colourfulness of the photographs.
    """
    return {
        "photographs": len(next(iter(by.values())).metrics["rmse_ab"]),
        "truth": truth,
        "curves": {
            way: {"values": curve.values.tolist()}
            | {name: values.mean(axis=0).tolist() for name, values in curve.metrics.items()}
            for way, curve in by.items()
        },
        "as colourful as the truth": {
            way: _intervals(found) for way, curve in by.items() if (found := at(curve, truth))
        },
        "trained": [
            {
                "lambda": mix,
                "share": float(columns["colorfulness"].mean() / truth),
                **_intervals(columns),
                "minus": {
                    way: _intervals({name: columns[name] - found[name] for name in ERRORS})
                    for way, curve in by.items()
                    if (found := at(curve, float(columns["colorfulness"].mean())))
                },
            }
            for mix, columns in sorted(trained.items())
        ],
    }


def _intervals(columns: matched.Columns) -> dict[str, bootstrap.Interval]:
    return bootstrap.intervals(columns)


def text(summarised: Mapping[str, Any]) -> str:
    """Say in a few sentences what the weights gave."""
    said = [
        f"On {summarised['photographs']} test photographs. The unbalanced model was made more "
        "colourful after its training, in three ways; the others were trained with class weights "
        "of that lambda (the less, the stronger), and compared with it at their own colourfulness."
    ]
    for one in summarised["trained"]:
        if (free := one["minus"].get("tau")) is None:
            said.append(f"No tau makes it as colourful as lambda {one['lambda']:g}.")
            continue
        error, low, high = (free["rmse_ab"][key] for key in ("mean", "low", "high"))
        verdict = (
            "no different from"
            if low <= 0 <= high
            else "worse than"
            if error > 0
            else "better than"
        )
        said.append(
            f"Trained with lambda {one['lambda']:g}, {one['share']:.0%} as colourful as the truth, "
            f"the RMSE of ab is {verdict} what rebalancing at read-out gives without training: "
            f"{error:+.2f} ({low:+.2f} to {high:+.2f})."
        )
    return " ".join(said)


def rows(summarised: Mapping[str, Any]) -> Rows:
    """Tabulate the trained models, and their errors minus those of each way."""
    error = METRICS["rmse_ab"]
    return [
        {
            "Trained with lambda": f"{one['lambda']:g}",
            "Colourfulness / truth's": f"{one['share']:.0%}",
            error.title: written(error, one["rmse_ab"]),
        }
        | {
            f"minus {name}": "{mean:+.2f} ({low:+.2f} to {high:+.2f})".format(**found["rmse_ab"])
            if (found := one["minus"].get(way))
            else "not as colourful"
            for way, name in WAYS.items()
        }
        for one in summarised["trained"]
    ]


@style.styled
def figure(summarised: Mapping[str, Any]) -> Figure:
    """Plot the curves, and the trained models as points."""
    drawn, truth = style.new(6.4, 4.2), summarised["truth"]
    axes = drawn.subplots()
    colours: Sequence[str] = list(style.COLOURS.values())
    for colour, (way, curve) in zip(colours[3:], summarised["curves"].items(), strict=False):
        x = np.array(curve["colorfulness"]) / truth
        axes.plot(x, curve["rmse_ab"], marker="o", markersize=3, color=colour, label=WAYS[way])
    for one in summarised["trained"]:
        place = (one["share"], one["rmse_ab"]["mean"])
        axes.plot(*place, marker="D", color=style.INK, linestyle="none")
        axes.annotate(f"λ = {one['lambda']:g}", place, xytext=(6, 4), textcoords="offset points")
    axes.plot([], [], marker="D", color=style.INK, linestyle="none", label="trained with weights")
    axes.axvline(1, color=style.GREY, linewidth=1, linestyle=":")
    axes.set(xlabel="colourfulness / the truth's", ylabel="RMSE of ab", xlim=(0, 1.6))
    axes.legend()
    style.headline(drawn, "Error against colourfulness")
    return drawn
