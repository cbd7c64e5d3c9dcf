"""Motion between two pictures of a film, found on their lightness.

The method is that of Lucas and Kanade (1981) on a pyramid (Bouguet, 2001), for every pixel, at half
the size at which the network sees a picture. What moved out of sight, or changed otherwise, is told
by two checks: there and back must lead to where one began, and the lightness must be the same.
It runs on the host, where nothing has to be compiled.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

PER_CELL = 2  # pixels of a side, of those that are matched, to a cell of the network's output
LEVELS = 4  # of the pyramid; at each a side has half the pixels
SMALLEST = 8  # pixels of a side at the coarsest level
ROUNDS = 3  # steps at a level
WINDOW = 13  # pixels of a side of what moves as one
FLAT = 4.0  # squared slope of L below which motion is that of the level above
ASTRAY = 1.0  # pixels by which there and back may differ, beside a tenth of the motion
ASTRAY_FLAT = 4.0  # the same, more, where nothing is to be seen that a motion could be told by
UNLIKE = 8.0  # units of L by which lightness may differ, as a mean over 5 x 5 pixels
OUTSIDE = 0.5  # pixels beyond the edge that still count as inside

Plane = Float[np.ndarray, "h w"]
Flow = Float[np.ndarray, "2 h w"]  # rows, columns


class Match(NamedTuple):
    """Where each cell, or pixel, of a picture is in another picture, and how surely."""

    place: Float[np.ndarray, "i j 2"]  # row and column
    share: Float[np.ndarray, "i j"]  # from 0, not found, to 1


def match(before: Plane, after: Plane) -> tuple[Match, Match]:
    """Find the cells of `after` in `before`, and those of `before` in `after`.

    Both are lightness in [0, 100] at `PER_CELL` pixels to a cell. What changes in the whole
    picture, as old film flickers, is taken off first.
    """
    back, forth = match_pixels(before, after)
    return _in_cells(back), _in_cells(forth)


def match_pixels(before: Plane, after: Plane) -> tuple[Match, Match]:
    """Find pixels, as `match` does; a place is in pixels."""
    before, after = (L - np.median(L) for L in (before, after))
    pyramids = [_pyramid(before), _pyramid(after)]
    back, forth = _flow(*pyramids[::-1]), _flow(*pyramids)
    return (
        _sure(after, before, back, forth),
        _sure(before, after, forth, back),
    )


def _flow(one: list[np.ndarray], other: list[np.ndarray]) -> Flow:
    """Find the offset of each pixel of one picture in the other, from coarse to fine."""
    flow = np.zeros((2, *one[-1].shape), np.float32)
    for first, second in zip(one[::-1], other[::-1], strict=True):
        if flow.shape[1:] != first.shape:
            finer = (np.indices(first.shape, np.float32) + 0.5) / 2 - 0.5
            flow = 2 * np.stack([_sample(axis, finer) for axis in flow])
        flow = _refined(first, second, flow)
    return flow


def _refined(first: Plane, second: Plane, flow: Flow) -> Flow:
    """Move a flow by steps of Gauss and Newton, each at most a pixel long."""
    down, right = np.gradient(first)
    yy, yx, xx = (_window(a * b) for a, b in ((down, down), (down, right), (right, right)))
    yy, xx = yy + FLAT, xx + FLAT
    determinant = yy * xx - yx**2
    places = np.indices(first.shape, np.float32)
    for _ in range(ROUNDS):
        # What went out of view says nothing.
        difference = _inside(places + flow) * (_sample(second, places + flow) - first)
        y, x = _window(down * difference), _window(right * difference)
        step = np.stack([xx * y - yx * x, yy * x - yx * y]) / determinant
        moved = flow - np.clip(step, -1, 1)
        flow = np.stack([ndimage.uniform_filter(axis, 3, mode="nearest") for axis in moved])
    return flow


def _sure(one: Plane, other: Plane, there: Flow, back: Flow) -> Match:
    """Tell how surely the pixels of one picture were found in the other."""
    place = np.indices(one.shape, np.float32) + there
    returned = there + np.stack([_sample(axis, place) for axis in back])
    flat = FLAT / (FLAT + _window(sum(slope**2 for slope in np.gradient(one))))
    astray = np.hypot(*returned) / (ASTRAY + 0.1 * np.hypot(*there) + ASTRAY_FLAT * flat)
    off = ndimage.uniform_filter(_sample(other, place) - one, 5, mode="nearest")
    share = _inside(place) * np.exp(-(astray**4) - (off / UNLIKE) ** 4)
    return Match(np.moveaxis(place, 0, -1), share.astype(np.float32))


def _inside(place: Flow) -> Bool[np.ndarray, "h w"]:
    """Tell which places are in view."""
    limits = np.array(place.shape[1:]).reshape(2, 1, 1) - 1
    return np.all((place >= -OUTSIDE) & (place <= limits + OUTSIDE), axis=0)


def _in_cells(pixels: Match) -> Match:
    """Bring places and sureness from pixels to cells."""
    i, j = pixels.share.shape[0] // PER_CELL, pixels.share.shape[1] // PER_CELL
    blocks = (i, PER_CELL, j, PER_CELL)
    # A cell's middle lies between its pixels.
    place = (pixels.place.reshape(*blocks, 2).mean(axis=(1, 3)) + 0.5) / PER_CELL - 0.5
    return Match(place, pixels.share.reshape(blocks).mean(axis=(1, 3)))


def _pyramid(L: Plane) -> list[np.ndarray]:
    levels = [ndimage.uniform_filter(L, 3, mode="nearest")]
    while len(levels) < LEVELS and min(levels[-1].shape) >= 2 * SMALLEST:
        h, w = levels[-1].shape
        even = np.pad(levels[-1], ((0, h % 2), (0, w % 2)), mode="edge")
        levels.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
    return levels


def _window(values: Plane) -> Plane:
    """Average over squares, the middle more than the edge."""
    half = WINDOW // 2 + 1
    return ndimage.uniform_filter(
        ndimage.uniform_filter(values, half, mode="nearest"), half, mode="nearest"
    )


def _sample(values: Float[np.ndarray, "i j"], place: Flow) -> Plane:
    """Interpolate bilinearly; beyond the edges they are repeated."""
    return ndimage.map_coordinates(values, place, order=1, mode="nearest")
