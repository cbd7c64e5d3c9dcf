"""Colour held steady: what the network predicts for a thing, averaged along its motion.

Each picture's distributions are predicted by themselves, so that colours flicker. Here a cell keeps
the mean of the logarithms of all distributions that were predicted for what it shows, since it came
into view. The latest `MOST` pictures count for most of it; where a cell is not found in the picture
before, the mean begins anew.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from cic_jax.film.motion import Match
from cic_jax.programs import Programs

MOST = 15.0  # pictures for which a mean may count
LOST = 0.25  # sureness below which a cell counts as not found

Output = Float[Array, "i j q"] | Float[np.ndarray, "i j q"]


class Mean(NamedTuple):
    """The mean over pictures along motion, and the number of pictures in it."""

    output: Output
    pictures: Float[Array, "i j"] | Float[np.ndarray, "i j"]


def begin(output: Output) -> Mean:
    """Begin the means of a shot with its first picture, logits or ab."""
    return Mean(output, jnp.ones(output.shape[:2]))


def go_on(mean: Mean, match: Match, output: Output) -> Mean:
    """Take a picture into the means; `match` tells where its cells are in the picture before."""
    return _go_on(mean, match, output)


def normalised(output: Float[np.ndarray, "b i j q"]) -> Float[Array, "b i j q"]:
    """Turn logits into logarithms of probabilities, which can be averaged."""
    return _normalised(output)


def sample(values: ArrayLike, place: ArrayLike) -> Array:
    """Interpolate 'h w *c' at places 'i j 2' (row, column); beyond the edges they are repeated."""
    values, place = jnp.asarray(values), jnp.asarray(place)
    h, w = values.shape[:2]
    rows, columns = jnp.clip(place[..., 0], 0, h - 1), jnp.clip(place[..., 1], 0, w - 1)
    top, left = jnp.floor(rows).astype(jnp.int32), jnp.floor(columns).astype(jnp.int32)
    down, right = jnp.minimum(top + 1, h - 1), jnp.minimum(left + 1, w - 1)
    flat = values.reshape(h * w, *values.shape[2:])
    channels = tuple(range(2, values.ndim))
    y, x = (jnp.expand_dims(part, channels) for part in (rows - top, columns - left))
    upper = (1 - x) * flat[top * w + left] + x * flat[top * w + right]
    lower = (1 - x) * flat[down * w + left] + x * flat[down * w + right]
    return (1 - y) * upper + y * lower


def _taken_in(mean: Mean, match: Match, output: Float[Array, "i j q"]) -> Mean:
    found = jnp.where(match.share > LOST, match.share, 0)
    count = jnp.minimum(found * sample(mean.pictures, match.place), MOST)
    before = sample(mean.output, match.place)
    share = (1 / (1 + count))[..., None]
    return Mean(before + share * (output - before), count + 1)


_go_on = Programs(_taken_in)
_normalised = Programs(jax.nn.log_softmax)
