"""The colour of the network's cells, brought to pixels: it keeps its means and follows edges of L.

A cell's colour stands for the mean over its 4 x 4 working pixels, and `follow` finds pixels that
have these means. Within a cell colour is taken to change as lightness does, by the slope of ab over
L in a window of cells: the local linear model of the guided filter (He, Sun, Tang, "Guided image
filtering", PAMI 2013). experiments/upsampling.py compares it with other ways.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

CELL = 4  # working pixels along a side of a cell
CORRECTIONS = 2  # of the means; more change nothing that can be measured
REGULARITY = 20.0**2  # variance of L in a window at which a slope is halved; texture has less
HIGHEST = jax.lax.Precision.HIGHEST  # TF32 would move ab by a tenth of a unit


@jax.jit
def follow(ab: Float[Array, "i j 2"], L: Float[Array, "4*i 4*j 1"]) -> Float[Array, "4*i 4*j 2"]:
    """ab of every working pixel, from the ab of cells and the lightness of the pixels.

    Means over cells are kept, except where a pixel would leave the range of the 3 x 3 cells around
    it: there it is clipped, so that no colour arises that was not near. A constant stays constant.
    """
    guess = ab
    for _ in range(CORRECTIONS):  # back-projection (Irani, Peleg, 1991)
        guess = guess + ab - _means(_detailed(guess, L))
    around = jnp.stack(_around(ab))
    low, high = (_repeat(extreme(around, axis=0)) for extreme in (jnp.min, jnp.max))
    return jnp.clip(_detailed(guess, L), low, high)


@partial(jax.jit, static_argnums=3)
def bilinear(
    ab: Float[Array, "i j 2"],
    scale: Float[Array, "2"],
    origin: Float[Array, "2"],
    shape: tuple[int, int],
) -> Float[Array, "h w 2"]:
    """ab of a tile of `shape` from pixel `origin` on: `scale` pixels of the photograph a cell."""
    return jax.image.scale_and_translate(
        ab,
        (*shape, 2),
        (0, 1),
        scale,
        -origin,
        method="linear",
        antialias=False,
        precision=HIGHEST,
    )


def _detailed(ab: Float[Array, "i j 2"], L: Float[Array, "4*i 4*j 1"]) -> Float[Array, "4*i 4*j 2"]:
    """Smooth interpolation, and on top what the local slope makes of L's own detail."""
    mean_L = _means(L)
    mean, mean_ab = _window(mean_L), _window(ab)
    variance = _window(mean_L**2) - mean**2
    slope = (_window(mean_L * ab) - mean * mean_ab) / (variance + REGULARITY)
    return _resize(ab, "cubic") + _resize(slope, "linear") * (L - _resize(mean_L, "linear"))


def _means(pixels: Float[Array, "h w c"]) -> Float[Array, "h/4 w/4 c"]:
    h, w, c = pixels.shape
    return pixels.reshape(h // CELL, CELL, w // CELL, CELL, c).mean(axis=(1, 3))


def _resize(cells: Float[Array, "i j c"], method: str) -> Float[Array, "4*i 4*j c"]:
    shape = (CELL * cells.shape[0], CELL * cells.shape[1], cells.shape[2])
    return jax.image.resize(cells, shape, method, precision=HIGHEST)


def _repeat(cells: Float[Array, "i j c"]) -> Float[Array, "4*i 4*j c"]:
    return jnp.repeat(jnp.repeat(cells, CELL, axis=0), CELL, axis=1)


def _window(cells: Float[Array, "i j c"]) -> Float[Array, "i j c"]:
    """Means over 3 x 3 cells."""
    return jnp.mean(jnp.stack(_around(cells)), axis=0)


def _around(cells: Float[Array, "i j c"]) -> list[Float[Array, "i j c"]]:
    """The cells, and each of the eight that surround them; the outermost repeat at the edge."""
    rows, columns = (np.arange(-1, n + 1).clip(0, n - 1) for n in cells.shape[:2])
    padded = cells[rows][:, columns]
    h, w = cells.shape[:2]
    return [padded[i : i + h, j : j + w] for i in range(3) for j in range(3)]
