"""Probability of a colouring where the true colours are known: the paint of drawn vehicles.

Error metrics compare with the one colour that was drawn, though others were just as likely. For
`synthetic_vehicles` the distribution itself is known (`cic_jax.scenes.paint`), so every painted
surface can be scored by how probable its predicted colour is.

Two cautions when reading the scores. A density is largest at its mode, and the commonest paints
are near grey, so leaving everything grey scores above the expectation of true paints. And a colour
between two paints, such as the mean of red and blue, has almost no density.
"""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from ml_collections import ConfigDict

from cic_jax import bins, lab, photos, read_out, step
from cic_jax.model import Model
from cic_jax.scenes import paint
from cic_jax.train import evaluate

SOURCE = "synthetic_vehicles"
UNLIKELY = 0.05  # share of true paints that counts as implausible: the least likely ones
PITCH = 0.5  # spacing of the integration grid in ab; the narrowest paint has a std of 1.5

Predicted = tuple[dict[str, Any], Float[np.ndarray, "b s s 2"]]  # a batch and its predicted ab


class Typical(NamedTuple):
    """Log density of the true paints of a kind of vehicle: its mean and its 5th percentile."""

    expected: float
    least: float


@functools.cache
def typical(kind: str) -> Typical:
    """Compute how probable a kind's own paints are, in log density per unit of area of ab.

    The expectation is minus the differential entropy of the mixture, integrated on a grid.
    """
    axis = np.arange(-bins.LIMIT, bins.LIMIT, PITCH, dtype=np.float32) + PITCH / 2
    ab = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    log_density = np.sort(np.asarray(paint.log_density(kind, ab), np.float64))
    p = np.exp(log_density) * PITCH**2
    least = log_density[np.searchsorted(np.cumsum(p), UNLIKELY)]
    return Typical(float(np.sum(p * log_density)), float(least))


def predictions(
    model: Model, photographs: photos.Photographs, config: ConfigDict
) -> Iterator[Predicted]:
    """Yield `photos.evaluation_batches`, each with the ab that the model predicts."""

    @jax.jit
    def predict_ab(variables, rgb):
        lightness = lab.from_uint8(rgb)[..., :1]
        _, ab = step.predict(
            variables,
            lightness,
            read_out.from_config(config.colour),
            network=model.network,
            target=model.target,
        )
        return ab

    for batch in photos.evaluation_batches(
        photographs, config.train.batch_size, config.data.size, config.data.short_side
    ):
        yield batch, np.asarray(predict_ab(model.variables, batch["photo"]))


def objects(
    photographs: photos.Photographs, config: ConfigDict, predicted: Iterable[Predicted]
) -> dict[str, evaluate.Table]:
    """Score each painted object: tables for "model", "grey" and "truth", one row per object.

    'log_density' is that of the colour under the distribution of the object's kind. The colour is
    the predicted mean over the object's painted pixels ("model"), ab = 0 ("grey") or the drawn
    paint ("truth"). 'expected' is the mean log density of true paints. 'plausible' is 1 where the
    colour is likelier than the least likely 5 % of true paints, else 0.

    Args:
        photographs: Drawn scenes.
        config: The experiment; only its data section is read.
        predicted: Batches with their predicted ab, as from `predictions`, in the same order.

    Raises:
        ValueError: The photographs are not drawn, or only a part of each is seen.
    """
    _require_drawn(config)
    names, kinds, coloured, true = [], [], [], []
    colourings = (ab for _, batch in predicted for ab in batch)
    for record, ab in zip(photographs, colourings, strict=False):  # the last batch is filled up
        drawn = record["objects"]
        for i, kind in enumerate(drawn["kind"]):
            names.append(f"{record['name']}_{i}")
            kinds.append(paint.KINDS[kind])
            coloured.append(ab[record["mask"] == i + 1].mean(axis=0))
            true.append(drawn["ab"][i])
    colours = {"model": np.stack(coloured), "truth": np.stack(true)}
    colours["grey"] = np.zeros_like(colours["truth"])
    expected = np.array([typical(kind).expected for kind in kinds])
    least = np.array([typical(kind).least for kind in kinds])
    tables = {}
    for name, ab in colours.items():
        density = log_density(kinds, ab)
        columns = {
            "log_density": density,
            "plausible": (density >= least).astype(np.float64),
            "expected": expected,
        }
        tables[name] = evaluate.Table(names, columns)
    return tables


def log_density(kinds: list[str], ab: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    """Compute the log density of each colour under the paints of its object's kind."""
    by_kind = np.stack(
        [np.asarray(paint.log_density(kind, ab), np.float64) for kind in paint.KINDS]
    )
    return by_kind[[paint.KINDS.index(kind) for kind in kinds], np.arange(len(kinds))]


def _require_drawn(config: ConfigDict) -> None:
    data = config.data
    if data.source != SOURCE or 0 < data.short_side < data.size:
        raise ValueError(
            f"the true colours are known only for data.source={SOURCE} at its own size; given is "
            f"{data.source} with data.short_side={data.short_side}, data.size={data.size}"
        )
