"""Error at matched colourfulness: models compared where each is as colourful as the truth.

A duller colouring has the smaller error, whatever its colours. Therefore ab is multiplied by the
one saturation at which the mean colourfulness over a group's photographs equals the truth's, and
the errors are taken there.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt8

from cic_jax import inference, lab, metrics, read_out
from cic_jax.configs import default
from cic_jax.model import Model
from cic_jax.read_out.unify import pool
from cic_jax.train.evaluate import COMPARE, Columns
from cic_jax.train.sample import ALL, Cells, Sample, batches

SATURATIONS = np.array([0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4], np.float32)
TOLERANCE = 0.005  # of the matched colourfulness, relative
THIN = 2  # a curve is measured on every second row and column

Curves = dict[
    str, Float[np.ndarray, "photographs s"]
]  # metric -> its value by photograph and saturation


class Scores(NamedTuple):
    """The scores of a model on the photographs of a group."""

    names: list[str]
    saturation: float  # where the colourfulness is the truth's; else the largest of SATURATIONS
    default: Columns  # all metrics by photograph, as the model is read out
    matched: Columns  # the same at that saturation
    curve: dict[str, list[float]]  # means at SATURATIONS

    @property
    def share(self) -> float:
        """The mean colourfulness of the default read-out over the truth's."""
        ours, truth = (np.mean(self.default[x]) for x in ("colorfulness", "colorfulness_truth"))
        return float(ours / truth)


# (cells, saturation, positions in the sample) -> more metrics of these photographs
Extra = Callable[[Cells, float, Int[np.ndarray, " m"]], Columns]


def cells(
    model: Model,
    sample: Sample,
    ways: Sequence[read_out.Settings],
) -> list[Cells]:
    """Run the network once on each photograph, and read its cells' colours out in several ways.

    The saturations of `ways` play no part. Things are unified as the model's config says.
    """
    for settings in ways:
        read_out.require(settings, model.target)
    strength = strength_of(model)
    forward = inference.compiled(model.network, model.variables, len(sample.names))
    read = jax.jit(jax.vmap(partial(read_out.cell_ab, model.target), (0, 0, None)))
    collected: list[list[np.ndarray]] = [[] for _ in ways]
    for rows, count in batches(np.arange(len(sample.names))):
        lightness = lab.from_uint8(jnp.asarray(sample.photo[rows]))[..., :1]
        means = jax.vmap(read_out.means)(lightness)
        output = unified(np.asarray(forward(np.asarray(lightness))), np.asarray(means), strength)
        for settings, part in zip(ways, collected, strict=True):
            part.append(np.asarray(read(output, means, read_out.traced(settings)))[:count])
    return [np.concatenate(part) for part in collected]


def strength_of(model: Model) -> float:
    """Return how much each thing shares one distribution, as the model's config says.

    Raises ValueError for a model that has no distribution to share.
    """
    strength = default.completed(model.description["config"]).colour.unify
    if strength and model.target.centers is None:
        raise ValueError("unify needs a model over colour bins; this one predicts ab itself")
    return strength


def unified(
    output: Float[np.ndarray, "b i j q"], means: Float[np.ndarray, "b i j 1"], strength: float
) -> Float[np.ndarray, "b i j q"]:
    """Let each thing share one distribution, as `Colorizer` does."""
    return np.stack([pool(*one, strength) for one in zip(output, means[..., 0], strict=True)])


def curves(
    sample: Sample, cell_ab: Cells, saturations: Float[np.ndarray, " s"] = SATURATIONS
) -> Curves:
    """Measure rmse_ab, auc and colourfulness of every photograph at each saturation.

    A quarter of the pixels suffices, see `THIN`.
    """
    limit = float(np.max(saturations))
    parts = [
        {
            name: np.asarray(values).T[:count]
            for name, values in _curves(
                sample.photo[rows], sample.mask[rows], cell_ab[rows], saturations, limit
            ).items()
        }
        for rows, count in batches(np.arange(len(sample.names)))
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@partial(jax.jit, static_argnames="limit")
def _curves(
    photo: UInt8[Array, "b h w 3"],
    mask: Bool[Array, "b h w"],
    cell_ab: Float[Array, "b i j 2"],
    saturations: Float[Array, " s"],
    limit: float,
) -> dict[str, Float[Array, "s b"]]:
    pixels = lab.from_uint8(photo)
    ab = jax.vmap(read_out.follow)(cell_ab, pixels[..., :1])
    pixels, ab, mask = (x[:, ::THIN, ::THIN] for x in (pixels, ab, mask))
    L, truth = pixels[..., :1], pixels[..., 1:]
    reach = read_out.reach(L, ab, limit)  # once for all saturations: `fit` is the smaller of both

    def at(saturation):
        shown = jnp.minimum(saturation, reach) * ab
        rgb = lab.lab_to_rgb(jnp.concatenate([L, shown], axis=-1))
        return {
            "rmse_ab": metrics.rmse_ab(truth, shown, mask),
            "auc": metrics.auc(truth, shown, mask),
            "colorfulness": metrics.colorfulness(rgb, mask),
        }

    return jax.lax.map(at, saturations)


def columns(
    sample: Sample, cell_ab: Cells, saturation: float, rows: Int[np.ndarray, " m"]
) -> Columns:
    """Compute all metrics of `evaluate` but the loss, of the photographs in `rows`."""
    parts = [
        {
            name: np.asarray(values)[:count]
            for name, values in _columns(
                sample.photo[batch], sample.mask[batch], cell_ab[batch], saturation
            ).items()
        }
        for batch, count in batches(rows)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@jax.jit
def _columns(photo, mask, cell_ab, saturation):
    rgb = photo.astype(jnp.float32) / 255.0
    pixels = lab.rgb_to_lab(rgb)
    ab = saturation * jax.vmap(read_out.follow)(cell_ab, pixels[..., :1])
    return COMPARE(rgb, pixels, read_out.fit(pixels[..., :1], ab), mask)


def assess(
    sample: Sample, cell_ab: Cells, saturation: float, extra: Collection[Extra] = ()
) -> dict[str, Scores]:
    """Score every group, and all photographs, by default and as colourful as the truth.

    Args:
        sample: The photographs.
        cell_ab: A model's colours, from `cells`.
        saturation: Saturation of the default read-out.
        extra: Functions of more metrics.
    """

    def more(saturation: float, rows: Int[np.ndarray, " m"]) -> Columns:
        return dict(
            item for function in extra for item in function(cell_ab, saturation, rows).items()
        )

    rows = sample.rows(ALL)
    everything = columns(sample, cell_ab, saturation, rows) | more(saturation, rows)
    by_saturation, scores = curves(sample, cell_ab), {}
    for group in sample.group_names():
        rows = sample.rows(group)
        curve = {name: np.mean(values[rows], axis=0) for name, values in by_saturation.items()}
        guess = crossing(
            curve["colorfulness"], float(np.mean(everything["colorfulness_truth"][rows]))
        )
        matching, matched = _match(sample, cell_ab, rows, guess)
        scores[group] = Scores(
            [sample.names[row] for row in rows],
            matching,
            {name: values[rows] for name, values in everything.items()},
            matched | more(matching, rows),
            {name: values.tolist() for name, values in curve.items()},
        )
    return scores


def _match(
    sample: Sample, cell_ab: Cells, rows: Int[np.ndarray, " m"], saturation: float
) -> tuple[float, Columns]:
    """Correct a saturation until the colourfulness is within `TOLERANCE` of the truth's.

    Colourfulness rises less than in proportion, so no correction goes too far.
    """
    while True:
        scores = columns(sample, cell_ab, saturation, rows)
        if saturation >= SATURATIONS[-1]:
            return saturation, scores
        ratio = float(np.mean(scores["colorfulness_truth"]) / np.mean(scores["colorfulness"]))
        if abs(ratio - 1) <= TOLERANCE:
            return saturation, scores
        saturation = min(saturation * ratio, float(SATURATIONS[-1]))


def crossing(
    colorfulness: Float[np.ndarray, " s"],
    truth: float,
    saturations: Float[np.ndarray, " s"] = SATURATIONS,
) -> float:
    """Return the saturation at which colourfulness, which rises with it, is the truth's.

    It is interpolated linearly; the largest saturation where the truth is not reached.
    """
    return float(np.interp(truth, np.maximum.accumulate(colorfulness), saturations))
