"""One thing in another colour: photographs in which a hint asks for what nobody would guess.

True colours teach a network that a hint agrees with what it sees, and that one warm place means a
warm photograph. A user who clicks asks for something else: this thing in this colour, and all the
rest as it was. So a region of one true colour gets another, in the target as in the hint.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from cic_jax import read_out

ALIKE = 15.0  # the largest ab distance of a region's cells from the one it grows from
EDGE = 12.0  # the least step in L between neighbouring cells that ends a region
SMALLEST = 1 / 200  # share of the cells that a region has at least
CANDIDATES = 4  # cells of another photograph, of which the most colourful gives its colour
WIDEST = 70.0  # of a and b, for the half of the colours that are drawn at random


class Recolored(NamedTuple):
    """Colours after the change, the cells that a region grew from, and which were changed."""

    ab: Float[Array, "b h w 2"]
    cell: Int[Array, "b 2"]
    changed: Bool[Array, " b"]


def recolor(
    key: Key[Array, ""],
    ab: Float[Array, "b h w 2"],
    L: Float[Array, "b h w 1"],
    chosen: Bool[Array, " b"],
) -> Recolored:
    """Give a region of each chosen photograph another mean colour, within the gamut of sRGB.

    Half of the colours are those of another photograph of the batch, half are drawn at random. A
    photograph whose region is too small stays as it is.
    """
    b, h, w = ab.shape[:3]
    keys = jax.random.split(key, 3)
    cell = jax.random.randint(keys[0], (b, 2), 0, jnp.array([h, w]))
    region = grow(ab, L, cell)
    inside = region[..., None].astype(ab.dtype)
    mean = jnp.sum(ab * inside, (1, 2)) / jnp.sum(inside, (1, 2))
    colour = jnp.where(
        jax.random.bernoulli(keys[1], 0.5, (b, 1)), _of_another(keys[2], ab), _anything(keys[2], b)
    )
    moved = read_out.fit(L, ab + (colour - mean)[:, None, None])
    changed = chosen & (jnp.mean(inside, (1, 2, 3)) >= SMALLEST)
    where = changed[:, None, None] & region
    return Recolored(jnp.where(where[..., None], moved, ab), cell, changed)


def grow(
    ab: Float[Array, "b h w 2"], L: Float[Array, "b h w 1"], cell: Int[Array, "b 2"]
) -> Bool[Array, "b h w"]:
    """Find the connected cells of like colour around one, not across edges of lightness."""
    b, h, w = ab.shape[:3]
    rows, columns = jnp.meshgrid(jnp.arange(h), jnp.arange(w), indexing="ij")
    row, column = (cell[:, i, None, None] for i in range(2))
    colour = ab[jnp.arange(b), cell[:, 0], cell[:, 1]]
    alike = jnp.sum((ab - colour[:, None, None]) ** 2, axis=-1) < ALIKE**2
    smooth = [jnp.abs(jnp.diff(L[..., 0], axis=axis)) < EDGE for axis in (1, 2)]

    def widen(_, region):
        down, right = region[:, :-1] & smooth[0], region[:, :, :-1] & smooth[1]
        up, left = region[:, 1:] & smooth[0], region[:, :, 1:] & smooth[1]
        grown = (
            jnp.pad(down, ((0, 0), (1, 0), (0, 0)))
            | jnp.pad(up, ((0, 0), (0, 1), (0, 0)))
            | jnp.pad(right, ((0, 0), (0, 0), (1, 0)))
            | jnp.pad(left, ((0, 0), (0, 0), (0, 1)))
        )
        return region | (grown & alike)

    return jax.lax.fori_loop(0, h + w, widen, (rows == row) & (columns == column))


def _of_another(key: Key[Array, ""], ab: Float[Array, "b h w 2"]) -> Float[Array, "b 2"]:
    """Take the most colourful of a few cells of the next photograph."""
    b, h, w = ab.shape[:3]
    cell = jax.random.randint(key, (b, CANDIDATES, 2), 0, jnp.array([h, w]))
    found = jnp.roll(ab, 1, axis=0)[jnp.arange(b)[:, None], cell[..., 0], cell[..., 1]]
    best = jnp.argmax(jnp.sum(found**2, axis=-1), axis=1)
    return found[jnp.arange(b), best]


def _anything(key: Key[Array, ""], number: int) -> Float[Array, "b 2"]:
    return jax.random.uniform(key, (number, 2), minval=-WIDEST, maxval=WIDEST)
