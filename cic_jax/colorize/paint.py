"""A photograph at full size in the colours of a smaller copy, tile by tile."""

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import read_out
from cic_jax.haste import jit_soon
from cic_jax.images.resize import pad
from cic_jax.programs import Programs

TILE = 512  # side of the squares that are coloured at a time
NARROWEST = 32  # pixels; short side of the strips into which a long thin photograph is cut
SAMPLES = 64  # of ab along a side that a tile takes, or twice that and so on: few are compiled


def paint(
    pixels: UInt8[np.ndarray, "h w *c"], ab: Float[Array, "i j 2"], scale: Float[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Colour a photograph at full size; a sample of `ab` covers `scale` pixels of it.

    Tiles of one size keep memory constant, and each program is compiled once. The time grows with
    the pixels, whatever the shape.
    """
    h, w = pixels.shape[:2]
    tile = tile_shape(h, w)
    samples, window = np.asarray(ab), _window(ab.shape, tile, scale)
    result, tiles = np.empty((h, w, 3), np.uint8), _tiles(pixels.shape, tile)
    for top in range(0, h, tile[0]):
        for left in range(0, w, tile[1]):
            inside = np.s_[top : top + tile[0], left : left + tile[1]]
            near, origin = _around(samples, scale, (top, left), window)
            colored = np.asarray(tiles(pad(pixels[inside], tile), near, scale, origin))
            rows, columns = result[inside].shape[:2]
            result[inside] = colored[:rows, :columns]
    return result


def _paint_tile(
    pixels: UInt8[Array, "h w *c"],
    ab: Float[Array, "k l 2"],
    scale: Float[Array, "2"],
    origin: Float[Array, "2"],
) -> UInt8[Array, "h w 3"]:
    L = read_out.lightness(pixels)
    return read_out.render(L, read_out.bilinear(ab, scale, origin, L.shape[:2]))


_single_tile = Programs(_paint_tile, jit=jit_soon, name="single tile")
_many_tiles = Programs(_paint_tile, name="tile")


def _tiles(photograph: tuple[int, ...], tile: tuple[int, int]) -> Programs:
    """Return the programs for a photograph: of several tiles, each takes half the time."""
    h, w = photograph[:2]
    return _single_tile if h <= tile[0] and w <= tile[1] else _many_tiles


def prepare(
    photograph: tuple[int, ...], samples: tuple[int, ...], scale: Float[np.ndarray, "2"]
) -> None:
    """Compile what `paint` needs for a photograph and an `ab` of these shapes."""
    tile = tile_shape(*photograph[:2])
    window = _window(samples, tile, scale)
    pair = jax.ShapeDtypeStruct((2,), np.float32)
    pixels = jax.ShapeDtypeStruct((*tile, *photograph[2:]), np.uint8)
    near = jax.ShapeDtypeStruct((*window, 2), np.float32)
    _tiles(photograph, tile).prepare(pixels, near, pair, pair)


def tile_shape(h: int, w: int) -> tuple[int, int]:
    """Return the height and width of the tiles of a photograph, TILE ** 2 pixels or fewer.

    Squares, or strips along a photograph that is long and thin: squares would be mostly padding.
    """
    if min(h, w) > TILE // 4 or max(h, w) <= TILE:
        return TILE, TILE
    short = max(NARROWEST, 1 << (min(h, w) - 1).bit_length())
    return (short, TILE**2 // short) if h < w else (TILE**2 // short, short)


def _window(
    samples: tuple[int, ...], tile: tuple[int, int], scale: Float[np.ndarray, "2"]
) -> tuple[int, int]:
    """Return how many samples of ab a tile takes along each axis, of few numbers."""
    window = []
    for axis in range(2):
        needed = min(samples[axis], int(tile[axis] / scale[axis]) + 4)
        window.append(max(SAMPLES, 1 << (needed - 1).bit_length()))
    return window[0], window[1]


def _around(
    ab: Float[np.ndarray, "i j 2"],
    scale: Float[np.ndarray, "2"],
    corner: tuple[int, int],
    window: tuple[int, int],
) -> tuple[Float[np.ndarray, "k l 2"], Float[np.ndarray, "2"]]:
    """Return the samples near a tile, and its corner in pixels from the first of them.

    Where there are fewer than the window has, those at the edge are repeated.
    """
    slices, origin = [], []
    for axis in range(2):
        first = int(corner[axis] / scale[axis]) - 2
        first = max(0, min(first, ab.shape[axis] - window[axis]))
        slices.append(slice(first, first + window[axis]))
        origin.append(corner[axis] - first * float(scale[axis]))
    return pad(ab[slices[0], slices[1]], window), np.array(origin, np.float32)
