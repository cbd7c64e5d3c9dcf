"""Tables and files of the errors at matched colourfulness, of several models side by side."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cic_jax.read_out import Settings
from cic_jax.report.markdown import Rows
from cic_jax.train import bootstrap
from cic_jax.train.bootstrap import Interval
from cic_jax.train.directory import write_json
from cic_jax.train.evaluate import Columns
from cic_jax.train.matched import SATURATIONS, Scores


class Scored(NamedTuple):
    """A model's read-out, and its scores by group."""

    settings: Settings
    groups: dict[str, Scores]


def summary(scored: Mapping[str, Scored], baseline: str | None = None) -> dict[str, Any]:
    """Summarise everything for JSON: intervals, curves and, if asked, reductions by a baseline.

    `rmse_ab_reduction` is 1 - mean / mean of the baseline; `rmse_ab_mean_reduction` is the mean
    over photographs of 1 - value / value of the baseline. Both intervals are paired over
    photographs; the saturations are not matched anew in a resample.
    """
    first = next(iter(scored.values())).groups
    return {
        "photographs": {group: len(scores.names) for group, scores in first.items()},
        "baseline": baseline,
        "saturations": [round(float(value), 3) for value in SATURATIONS],
        "models": {
            name: {
                "settings": {key: float(value) for key, value in model.settings._asdict().items()},
                "groups": {
                    group: _group(scores, scored[baseline].groups[group])
                    if baseline not in (None, name)
                    else _group(scores, None)
                    for group, scores in model.groups.items()
                },
            }
            for name, model in scored.items()
        },
    }


def _group(scores: Scores, base: Scores | None) -> dict[str, Any]:
    about: dict[str, Any] = {
        "share_of_colorfulness": scores.share,
        "matched_saturation": scores.saturation,
        "reached": bool(scores.saturation < SATURATIONS[-1]),
        "default": _intervals(scores.default),
        "matched": _intervals(scores.matched),
        "curve": scores.curve,
    }
    if base is not None:
        ours, theirs = scores.matched["rmse_ab"], base.matched["rmse_ab"]
        about["rmse_ab_reduction"] = bootstrap.reduction(ours, theirs)
        about["rmse_ab_mean_reduction"] = bootstrap.interval((1 - ours / theirs)[None])
    return about


def _intervals(columns: Columns) -> dict[str, Interval]:
    """Compute means and intervals; a photograph of which a metric is NaN does not count for it."""
    counted = {name: values[~np.isnan(values)] for name, values in columns.items()}
    return bootstrap.intervals(counted)


def rows(summarised: Mapping[str, Any]) -> Rows:
    """Tabulate a summary: a row for each group and model."""
    return [
        _row(group, count, name, model["groups"][group], summarised["baseline"])
        for group, count in summarised["photographs"].items()
        for name, model in summarised["models"].items()
    ]


def _row(
    group: str, count: int, name: str, about: Mapping[str, Any], baseline: str | None
) -> dict[str, str]:
    default, at_truth = about["default"], about["matched"]
    saturation = "{:.2f}".format(about["matched_saturation"])
    row = {
        "Group": f"{group} ({count})",
        "Model": name,
        "Colourfulness / truth's": f"{about['share_of_colorfulness']:.0%}",
        "RMSE of ab": "{mean:.1f}".format(**default["rmse_ab"]),
        "CIEDE2000": "{mean:.1f}".format(**default["ciede2000"]),
        "Matched at": saturation if about["reached"] else f"not reached at {saturation}",
        "RMSE of ab, matched": "{mean:.1f} ({low:.1f} to {high:.1f})".format(**at_truth["rmse_ab"]),
        "CIEDE2000, matched": "{mean:.1f}".format(**at_truth["ciede2000"]),
        "AuC, matched": "{mean:.3f}".format(**at_truth["auc"]),
        "Excess spread, matched": "{mean:.1f}".format(**at_truth["spread_excess"]),
    }
    if baseline is not None:
        reduced = about.get("rmse_ab_reduction")
        text = "{mean:.1%} ({low:.1%} to {high:.1%})".format(**reduced) if reduced else "-"
        row[f"RMSE of ab below {baseline} by"] = text
    return row


def judged_rows(semantics: Mapping[str, Any]) -> Rows:
    """Tabulate what the judge says of each colouring."""
    judge, count = semantics["judge"], semantics["photographs"]
    rows = []
    for name, about in semantics["colourings"].items():
        distance = about["frechet_distance"]
        rows.append(
            {"Colouring": name}
            | {
                f"Agreement of {judge}, {group}": "{mean:.2f} ({low:.2f} to {high:.2f})".format(**x)
                for group, x in about["agreement"].items()
            }
            | {
                f"Fréchet distance of {judge} features, n = {count}": "-"
                if distance is None
                else f"{distance:.2f}"
            }
        )
    return rows


def skin_rows(skin: Mapping[str, Any]) -> Rows:
    """Tabulate the skin of faces in each colouring, by how light it is."""
    return [
        {
            "Skin": f"{kind} ({about['faces']})",
            "Colouring": name,
            "Hue, degrees": f"{about['hue']:.0f}",
            "Chroma": f"{about['chroma']:.1f}",
            "ab from the truth": f"{about['distance']:.1f}",
            "Believable": f"{about['believable']:.0%}",
        }
        for kind in next(iter(skin.values()))
        for name, classes in skin.items()
        for about in [classes[kind]]
    ]


def write(summarised: Mapping[str, Any], scored: Mapping[str, Scored], path: Path) -> None:
    """Write the summary to `path`.json, and the metrics of every photograph to `path`.csv."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path.with_suffix(".json"), summarised)
    with path.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        metrics = list(next(iter(next(iter(scored.values())).groups.values())).default)
        table.writerow(["model", "group", "read_out", "name", *metrics])
        for name, model in scored.items():
            for group, scores in model.groups.items():
                for read_out in ("default", "matched"):
                    columns = getattr(scores, read_out)
                    values = zip(scores.names, *(columns[x] for x in metrics), strict=True)
                    table.writerows([name, group, read_out, *row] for row in values)
