"""Upsampling of colour from a network's cells to pixels, along the edges of lightness.

A cell's colour stands for the mean over its 4 x 4 working pixels. `follow` interpolates it, and
lets colour change within a cell as lightness does, by the slope of ab over L in a window of cells:
the local linear model of the guided filter (He, Sun, Tang, "Guided image filtering", PAMI 2013).
experiments/upsampling.py compares it with other methods; docs/upsampling.md says how its settings
were chosen.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

CELL = 4  # working pixels along a side of a cell
REGULARITY = 30.0**2  # variance of L in a window at which a slope is halved; texture has less
SHARE = 0.1  # of a cell's colour that comes from the cells around it that are as light
LIKENESS = 4.0  # units of L
HIGHEST = jax.lax.Precision.HIGHEST  # TF32 would move ab by a tenth of a unit


@jax.jit
def follow(ab: Float[Array, "i j 2"], L: Float[Array, "4*i 4*j 1"]) -> Float[Array, "4*i 4*j 2"]:
    """Interpolate the ab of cells to working pixels, guided by their lightness.

    Each pixel is clipped to the range of the 3 x 3 cells around it: no colour
    appears that is not nearby. A constant stays constant.
    """
    mean_L = means(L)
    colour = (1 - SHARE) * ab + SHARE * _alike(ab, mean_L)
    detail = _resize(_slope(colour, mean_L), "linear") * (L - _resize(mean_L, "linear"))
    around = jnp.stack(_around(ab))
    low, high = (_repeat(extreme(around, axis=0)) for extreme in (jnp.min, jnp.max))
    return jnp.clip(_resize(colour, "linear") + detail, low, high)


@partial(jax.jit, static_argnums=3)
def bilinear(
    ab: Float[Array, "i j 2"],
    scale: Float[Array, "2"],
    origin: Float[Array, "2"],
    shape: tuple[int, int],
) -> Float[Array, "h w 2"]:
    """Interpolate ab bilinearly to a tile of a photograph.

    The tile of `shape` begins at pixel `origin`; a sample of `ab` covers `scale` pixels.
    """
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


def _alike(ab: Float[Array, "i j 2"], mean_L: Float[Array, "i j 1"]) -> Float[Array, "i j 2"]:
    """Average 3 x 3 cells weighted by likeness in L (joint bilateral; Kopf et al., 2007)."""
    difference = jnp.stack(_around(mean_L)) - mean_L
    weight = jnp.exp(-(difference**2) / (2 * LIKENESS**2))
    return jnp.sum(weight * jnp.stack(_around(ab)), axis=0) / jnp.sum(weight, axis=0)


def _slope(ab: Float[Array, "i j 2"], mean_L: Float[Array, "i j 1"]) -> Float[Array, "i j 2"]:
    """Compute the slope of ab over L around each cell, reduced where L is flat."""
    mean = _window(mean_L)
    covariance = _window(mean_L * ab) - mean * _window(ab)
    return covariance / (_window(mean_L**2) - mean**2 + REGULARITY)


def means(pixels: Float[Array, "h w c"]) -> Float[Array, "h/4 w/4 c"]:
    """Average the working pixels of each cell."""
    h, w, c = pixels.shape
    return pixels.reshape(h // CELL, CELL, w // CELL, CELL, c).mean(axis=(1, 3))


def _resize(cells: Float[Array, "i j c"], method: str) -> Float[Array, "4*i 4*j c"]:
    shape = (CELL * cells.shape[0], CELL * cells.shape[1], cells.shape[2])
    return jax.image.resize(cells, shape, method, precision=HIGHEST)


def _repeat(cells: Float[Array, "i j c"]) -> Float[Array, "4*i 4*j c"]:
    return jnp.repeat(jnp.repeat(cells, CELL, axis=0), CELL, axis=1)


def _window(cells: Float[Array, "i j c"]) -> Float[Array, "i j c"]:
    """Average 3 x 3 cells."""
    return jnp.mean(jnp.stack(_around(cells)), axis=0)


def _around(cells: Float[Array, "i j c"]) -> list[Float[Array, "i j c"]]:
    """List the cells and their eight neighbours, shifted into place; edges are repeated."""
    rows, columns = (np.arange(-1, n + 1).clip(0, n - 1) for n in cells.shape[:2])
    padded = cells[rows][:, columns]
    h, w = cells.shape[:2]
    return [padded[i : i + h, j : j + w] for i in range(3) for j in range(3)]
