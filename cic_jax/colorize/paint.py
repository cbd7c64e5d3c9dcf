"""A photograph at full size in the colours of a smaller copy, tile by tile."""

import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import read_out
from cic_jax.images.resize import pad

TILE = 512  # side of the squares that are coloured at a time


def paint(
    pixels: UInt8[np.ndarray, "h w *c"], ab: Float[Array, "i j 2"], scale: Float[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Colour a photograph at full size; a sample of `ab` covers `scale` pixels of it.

    Squares of one size keep memory constant, and each program is compiled once.
    """
    result = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, pixels.shape[0], TILE):
        for left in range(0, pixels.shape[1], TILE):
            square = np.s_[top : top + TILE, left : left + TILE]
            L = read_out.lightness(pad(pixels[square], TILE))
            origin = np.array([top, left], np.float32)
            colour = read_out.bilinear(ab, scale, origin, L.shape[:2])
            h, w = result[square].shape[:2]
            result[square] = np.asarray(read_out.render(L, colour))[:h, :w]
    return result
