"""How probable a colouring is where the true colours are known: the paint of drawn vehicles.

Error metrics compare with the one colour that was drawn, though others were as likely. Of
`synthetic_vehicles` the distribution itself is known (`cic_jax.scenes.paint`), so that each
painted surface can be asked how probable the colour is that a model gives it.

Two things to know when reading the figures. A density is largest at its mode, and the commonest
paints are near grey: leaving all grey scores above the true paints' own expectation. And a colour
between two paints, such as the mean of red and blue, has next to none.
"""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from ml_collections import ConfigDict

from cic_jax import bins, lab, photos
from cic_jax import model as models
from cic_jax import step as steps
from cic_jax.scenes import paint
from cic_jax.train import evaluate

SOURCE = "synthetic_vehicles"
UNLIKELY = 0.05  # of true paints are called so
PITCH = (
    0.5  # of the grid of ab over which densities are integrated; the narrowest paint has std 1.5
)


class Typical(NamedTuple):
    """Of a kind's true paints: their expected log density, and the one that 5 % fall short of."""

    expected: float
    least: float


@functools.cache
def typical(kind: str) -> Typical:
    """How probable a kind's paints are themselves, in log density per unit of area of ab.

    The expectation is minus the differential entropy of the mixture, integrated on a grid.
    """
    axis = np.arange(-bins.LIMIT, bins.LIMIT, PITCH, dtype=np.float32) + PITCH / 2
    ab = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    log_density = np.sort(np.asarray(paint.log_density(kind, ab), np.float64))
    p = np.exp(log_density) * PITCH**2
    least = log_density[np.searchsorted(np.cumsum(p), UNLIKELY)]
    return Typical(float(np.sum(p * log_density)), float(least))


def predictions(
    model: models.Model, photographs: photos.Photographs, config: ConfigDict
) -> Iterator[tuple[dict[str, Any], Float[np.ndarray, "b s s 2"]]]:
    """`photos.evaluation_batches`, each with the ab that the model predicts for it."""

    @jax.jit
    def predict(variables, rgb):
        lightness = lab.rgb_to_lab(rgb.astype(jnp.float32) / 255)[..., :1]
        _, ab = steps.predict(
            variables,
            lightness,
            config.colour.temperature,
            network=model.network,
            target=model.target,
        )
        return ab

    for batch in photos.evaluation_batches(
        photographs, config.train.batch_size, config.data.size, config.data.short_side
    ):
        yield batch, np.asarray(predict(model.variables, batch["photo"]))


def objects(
    model: models.Model, photographs: photos.Photographs, config: ConfigDict
) -> dict[str, evaluate.Table]:
    """Tables with a row for each painted object: of "model", of "grey", and of the "truth".

    'log_density' of the mean colour that the model gives to the object's painted pixels, of ab = 0,
    and of the paint that was drawn, each under the distribution of the object's kind; 'expected' is
    what true paints have in the mean, and 'plausible' is 1 where the colour is likelier than the
    least likely 5 % of them. `evaluate.intervals` gives means and intervals.

    Raises ValueError where the photographs are not drawn, or are not seen whole.
    """
    _require_drawn(config)
    names, kinds, coloured, true = [], [], [], []
    colourings = (ab for batch, abs_ in predictions(model, photographs, config) for ab in abs_)
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
        tables[name] = {
            "name": names,
            "log_density": density,
            "plausible": (density >= least).astype(np.float64),
            "expected": expected,
        }
    return tables


def log_density(kinds: list[str], ab: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    """Of each colour under the distribution of its object's kind."""
    every = np.stack([np.asarray(paint.log_density(kind, ab), np.float64) for kind in paint.KINDS])
    return every[[paint.KINDS.index(kind) for kind in kinds], np.arange(len(kinds))]


def _require_drawn(config: ConfigDict) -> None:
    data = config.data
    if data.source != SOURCE or 0 < data.short_side < data.size:
        raise ValueError(
            f"the true colours are known of data.source={SOURCE} alone, at its own size; given is "
            f"{data.source} with data.short_side={data.short_side}, data.size={data.size}"
        )
