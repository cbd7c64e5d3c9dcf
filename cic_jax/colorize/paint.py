"""A photograph at full size in the colours of a smaller copy, tile by tile."""

import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import read_out
from cic_jax.images.resize import pad

TILE = 512  # side of the squares that are coloured at a time
NARROWEST = 32  # pixels; short side of the strips into which a long thin photograph is cut
SAMPLES = 64  # a strip takes a multiple of so many samples of ab, so that few sizes are compiled


def paint(
    pixels: UInt8[np.ndarray, "h w *c"], ab: Float[Array, "i j 2"], scale: Float[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Colour a photograph at full size; a sample of `ab` covers `scale` pixels of it.

    Tiles of one size keep memory constant, and each program is compiled once. The time grows with
    the pixels, whatever the shape.
    """
    h, w = pixels.shape[:2]
    tile = tile_shape(h, w)
    result = np.empty((h, w, 3), np.uint8)
    for top in range(0, h, tile[0]):
        for left in range(0, w, tile[1]):
            inside = np.s_[top : top + tile[0], left : left + tile[1]]
            L = read_out.lightness(pad(pixels[inside], tile))
            near, origin = _around(ab, scale, (top, left), tile)
            colour = read_out.bilinear(near, scale, origin, L.shape[:2])
            rows, columns = result[inside].shape[:2]
            result[inside] = np.asarray(read_out.render(L, colour))[:rows, :columns]
    return result


def tile_shape(h: int, w: int) -> tuple[int, int]:
    """Return the height and width of the tiles of a photograph, TILE ** 2 pixels or fewer.

    Squares, or strips along a photograph that is long and thin: squares would be mostly padding.
    """
    if min(h, w) > TILE // 4 or max(h, w) <= TILE:
        return TILE, TILE
    short = max(NARROWEST, 1 << (min(h, w) - 1).bit_length())
    return (short, TILE**2 // short) if h < w else (TILE**2 // short, short)


def _around(
    ab: Float[Array, "i j 2"],
    scale: Float[np.ndarray, "2"],
    corner: tuple[int, int],
    tile: tuple[int, int],
) -> tuple[Float[Array, "k l 2"], Float[np.ndarray, "2"]]:
    """Return the samples that a tile needs, and its corner in pixels from the first of them.

    Squares get all samples; a strip, whose weights would take much memory, those near it.
    """
    if tile[0] == tile[1]:
        return ab, np.array(corner, np.float32)
    window, origin = [], []
    for axis in range(2):
        wanted = int(tile[axis] / scale[axis]) + 4
        count = min(ab.shape[axis], -(-wanted // SAMPLES) * SAMPLES)
        first = int(corner[axis] / scale[axis]) - 2
        first = max(0, min(first, ab.shape[axis] - count))
        window.append(slice(first, first + count))
        origin.append(corner[axis] - first * float(scale[axis]))
    return ab[window[0], window[1]], np.array(origin, np.float32)
