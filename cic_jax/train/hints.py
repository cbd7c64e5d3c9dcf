"""Hints as a user would give them, drawn at random from the true colours."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from cic_jax import bins
from cic_jax.hints import Hints
from cic_jax.train.recolor import recolor

PLACES = 40  # the most points that one photograph gets
LAST = 1 / 8  # probability that a point is the last: 8 points in the mean
LAST_RECOLORED = 1 / 2  # the same in photographs with a thing of another colour: a click or two
WIDE = 0.5  # share of the points whose colour is the mean of 3 x 3 cells, not of one


def draw(
    key: Key[Array, ""],
    ab: Float[Array, "b h w 2"],
    L: Float[Array, "b h w 1"],
    *,
    points: float,
    palette: float,
    recolored: float,
    centers: Float[np.ndarray, "q 2"],
) -> tuple[Hints, Float[Array, "b h w 2"]]:
    """Draw hints for a batch from its colours, one value per cell; return them and the colours.

    The number of points is geometric (Zhang et al., 2017), their places are uniform. The colours
    are the true ones, except for things that are recoloured; one of these has the first point.

    Args:
        key: Random key.
        ab: True colours at the network's output resolution.
        L: Lightness of the same cells.
        points: Share of the photographs with points.
        palette: Share of the photographs with the histogram of all of their colours.
        recolored: Share of the photographs with points in which one thing gets another colour.
        centers: The bins of the histogram.
    """
    b, h, w = ab.shape[:3]
    keys = jax.random.split(key, 7)
    place = jax.random.uniform(keys[0], (b, PLACES, 2))
    pointed = jax.random.bernoulli(keys[2], points, (b, 1))
    ab, cell, changed = recolor(
        keys[5], ab, L, pointed[:, 0] & jax.random.bernoulli(keys[6], recolored, (b,))
    )
    first = (cell + 0.5) / jnp.array([h, w])
    place = place.at[:, 0].set(jnp.where(changed[:, None], first, place[:, 0]))
    last = jnp.where(changed[:, None], LAST_RECOLORED, LAST)
    share = jax.random.uniform(keys[1], (b, 1), minval=1e-9)
    number = pointed * (1 + jnp.floor(jnp.log(share) / jnp.log1p(-last)))
    given = (jnp.arange(PLACES) < number).astype(jnp.float32)
    rows = jnp.floor(place[..., 0] * h).astype(int)
    columns = jnp.floor(place[..., 1] * w).astype(int)
    batch = jnp.arange(b)[:, None]
    wide = jax.random.bernoulli(keys[3], WIDE, (b, PLACES, 1))
    colour = jnp.where(wide, _blurred(ab)[batch, rows, columns], ab[batch, rows, columns])
    asked = jax.random.bernoulli(keys[4], palette, (b, 1))
    hints = Hints(place, colour * given[..., None], given, asked * histogram(ab, centers))
    return hints, ab


def true_points(
    key: Key[Array, ""],
    ab: Float[Array, "b h w 2"],
    mask: Bool[Array, "b h w"],
    number: int,
    bin_count: int = len(bins.CENTERS),
) -> Hints:
    """Draw `number` true colours at random cells inside the mask, for measurements."""
    b, h, w = ab.shape[:3]
    noise = jax.random.uniform(key, (b, h * w)) - ~mask.reshape(b, -1)
    cell = jax.lax.top_k(noise, max(number, 1))[1]
    place = jnp.stack([(cell // w + 0.5) / h, (cell % w + 0.5) / w], axis=-1)
    colour = jnp.take_along_axis(ab.reshape(b, -1, 2), cell[..., None], axis=1)
    given = jnp.full(cell.shape, float(number > 0))
    return Hints(place, colour * given[..., None], given, jnp.zeros((b, bin_count)))


def histogram(
    ab: Float[Array, "b h w 2"], centers: Float[np.ndarray, "q 2"]
) -> Float[Array, "b q"]:
    """Compute the share of each bin in the colours of each photograph."""
    indices, weights = bins.encode(ab, centers=centers)
    b = len(ab)
    flat = (x.reshape(b, -1) for x in (indices, weights))
    total = jax.vmap(lambda i, w: jnp.zeros(len(centers)).at[i].add(w))(*flat)
    return total / jnp.sum(total, axis=-1, keepdims=True)


def _blurred(ab: Float[Array, "b h w 2"]) -> Float[Array, "b h w 2"]:
    """Average 3 x 3 cells; edges are repeated."""
    h, w = ab.shape[1:3]
    padded = jnp.pad(ab, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    windows = [padded[:, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    return jnp.mean(jnp.stack(windows), axis=0)
