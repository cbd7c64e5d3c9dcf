"""Fractal noise: tiles made once, then sampled."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float

SIDE = 512  # pixels a side of a tile; a power of two, since sampling wraps by a bit mask


@lru_cache
def tile(roughness: float, stretch: float = 1.0) -> Float[np.ndarray, "s s"]:
    """Make noise that tiles the plane: mean 0, variance 1, amplitude ~ 1 / frequency^roughness.

    A roughness of 0 is grain, about 1 is soil or foliage, 1.8 is cloud. A stretch above one
    elongates features horizontally (waves), below one vertically (rain). This is fractional
    Brownian motion by spectral synthesis (D. Saupe in "The Science of Fractal Images", 1988,
    chapter 2).
    """
    white = np.random.default_rng(7).standard_normal((SIDE, SIDE))
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    frequency = np.hypot(rows, columns * stretch)
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(white) / frequency**roughness, s=(SIDE, SIDE))
    return (noise / noise.std()).astype(np.float32)


def lookup(
    noise: Float[np.ndarray, "s s"],
    rows: Float[np.ndarray, "..."],
    columns: Float[np.ndarray, "..."],
) -> Float[np.ndarray, "..."]:
    """Sample a tile bilinearly at coordinates in its pixels, which broadcast and wrap round."""
    rows, columns = np.asarray(rows, np.float32), np.asarray(columns, np.float32)
    r0, c0 = np.floor(rows), np.floor(columns)
    fr, fc = rows - r0, columns - c0
    r0, c0 = r0.astype(np.int32) & (SIDE - 1), c0.astype(np.int32) & (SIDE - 1)
    r1, c1 = (r0 + 1) & (SIDE - 1), (c0 + 1) & (SIDE - 1)
    take = noise.ravel().take
    r0, r1 = r0 * SIDE, r1 * SIDE
    top, bottom = take(r0 + c0), take(r1 + c0)
    top += fc * (take(r0 + c1) - top)
    bottom += fc * (take(r1 + c1) - bottom)
    return top + fr * (bottom - top)


def window(
    noise: Float[np.ndarray, "s s"], shape: tuple[int, int], rng: np.random.Generator
) -> Float[np.ndarray, "h w"]:
    """Cut a rectangle from the tile at a random place, without resampling."""
    (height, width), (row, column) = shape, rng.integers(0, SIDE, 2).tolist()
    rows = (np.arange(row, row + height) & (SIDE - 1))[:, None]
    return noise[rows, np.arange(column, column + width) & (SIDE - 1)]


def smoothstep(low: float, high: float, x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Step smoothly from 0 below `low` to 1 above `high`: 3t^2 - 2t^3 between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
