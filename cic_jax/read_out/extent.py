"""A hint colours its thing and leaves the rest: how far the change that it makes is kept.

A network answers a hint wherever something looks like the hint's place, and a little everywhere
else. Its answer is kept where it goes most of the way to the colour asked for, in cells that are
joined to the hint's own through such cells.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy import ndimage

MOVED = (
    0.5,
    0.9,
)  # shares of the way to the colour: up to the first none is kept, from the last all
NEAR = 5.0  # ab distance at which a cell is said to have the colour already


def merge(
    without: Float[np.ndarray, "i j q"],
    answer: Float[np.ndarray, "i j q"],
    asked: Float[np.ndarray, "k 2"],
    place: Float[np.ndarray, "k 2"],
    cells: Callable[[Float[np.ndarray, "i j q"]], Float[np.ndarray, "i j 2"]],
) -> Float[np.ndarray, "i j q"]:
    """Mix a network's outputs without hints and with them: each hint is heard as far as it extends.

    Args:
        without: Logits of the cells without the hints.
        answer: Logits with them.
        asked: Colours that the network was told.
        place: y and x of the hints as shares of the height and width.
        cells: Reads colours out of logits.
    """
    kept = extent(cells(without), cells(answer), place, asked)[..., None]
    return (without + kept * (answer - without)).astype(np.float32)


def extent(
    before: Float[np.ndarray, "i j 2"],
    after: Float[np.ndarray, "i j 2"],
    place: Float[np.ndarray, "k 2"],
    asked: Float[np.ndarray, "k 2"],
) -> Float[np.ndarray, "i j"]:
    """Compute which share of the change from `before` to `after` is kept in each cell."""
    grid = np.array(before.shape[:2])
    result = np.zeros(grid)
    for (i, j), colour in zip(np.minimum(place * grid, grid - 1).astype(int), asked, strict=True):
        way = colour - before
        length = np.maximum(np.sum(way**2, axis=-1), NEAR**2)
        kept = _smooth_step(np.sum((after - before) * way, axis=-1) / length)
        moved = kept > 0.5
        moved[i, j] = True
        things, _ = ndimage.label(moved)
        kept[things != things[i, j]] = 0
        kept[i, j] = 1
        result = np.maximum(result, kept)
    return result


def _smooth_step(share: Float[np.ndarray, "i j"]) -> Float[np.ndarray, "i j"]:
    """Rise from 0 to 1 between the shares of MOVED, without corners."""
    x = np.clip((share - MOVED[0]) / (MOVED[1] - MOVED[0]), 0, 1)
    return x * x * (3 - 2 * x)
