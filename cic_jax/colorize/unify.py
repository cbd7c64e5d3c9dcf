"""One thing, one colour: each segment of a photograph gets one, as a hint to the network.

Each cell's colour is read out by itself, so that a car that may be red or blue becomes half red and
half blue. Here cells of like distribution and lightness are joined to segments. A segment of
several colours gets the one that most of its cells have, and the network, given it as a hint,
brings it to the whole object.
"""

import warnings

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage
from skimage import segmentation

from cic_jax.colorize.hints import MOST, Hint

AXES = 6  # principal axes of the distributions by which cells are compared
LIGHTNESS = 0.6  # weight of lightness beside them
SCALE = 150.0  # of the segmentation: the larger, the larger are segments
SMALLEST = 24  # cells of a segment
SPREAD = 6.0  # least spread of a segment's ab, in CIELAB units, that is more than one colour
WIDTH = 8.0  # of the Gaussian by which the densest colour is found, in CIELAB units
SAMPLED = 400  # the most cells among which it is sought
PLACES = 3  # hints for one segment
DEEP = 4.0  # cells from a segment's edge beyond which a place is no better


def hints(
    ab: Float[np.ndarray, "i j 2"], p: Float[np.ndarray, "i j q"], L: Float[np.ndarray, "i j"]
) -> list[Hint]:
    """Choose hints for the segments of several colours, the largest first; [] if there are none.

    Args:
        ab: Colours of the cells as they are read out.
        p: Distributions of the cells.
        L: Lightness of the cells, in [0, 100].
    """
    labels = segments(p, L)
    sizes = np.bincount(labels.ravel())
    chosen: list[Hint] = []
    for label in np.argsort(-sizes, kind="stable"):
        inside = labels == label
        colours = ab[inside]
        if sizes[label] < SMALLEST or _spread(colours) <= SPREAD:
            continue
        colour = densest(colours)
        a, b = colour.tolist()
        h, w = labels.shape
        for row, column in _places(inside, np.linalg.norm(ab - colour, axis=-1)):
            chosen.append(Hint((column + 0.5) / w, (row + 0.5) / h, (a, b)))
    return chosen[:MOST]


def segments(p: Float[np.ndarray, "i j q"], L: Float[np.ndarray, "i j"]) -> Int[np.ndarray, "i j"]:
    """Join neighbouring cells of like distribution and lightness (Felzenszwalb et al., 2004).

    Distributions are compared by the Hellinger distance, along its principal axes.
    """
    h, w, q = p.shape
    roots = np.sqrt(p).reshape(-1, q)
    roots = roots - roots.mean(axis=0)
    _, axes = np.linalg.eigh(roots.T @ roots)
    along = (roots @ axes[:, -AXES:]).reshape(h, w, -1)
    features = np.concatenate([along, LIGHTNESS * L[..., None] / 100], axis=-1)
    with warnings.catch_warnings():
        # It doubts that more than three channels are meant; they are.
        warnings.filterwarnings("ignore", "Got image with third dimension", RuntimeWarning)
        return segmentation.felzenszwalb(
            features.astype(np.float64), SCALE, sigma=0, min_size=SMALLEST, channel_axis=-1
        )


def densest(colours: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "2"]:
    """Return the mean of the colours around the one with most others near it."""
    sampled = colours[:: -(-len(colours) // SAMPLED)]
    squares = np.sum((sampled[:, None] - sampled[None]) ** 2, axis=-1)
    weights = np.exp(-squares / (2 * WIDTH**2))
    near = weights[np.argmax(weights.sum(axis=1))]
    return near @ sampled / near.sum()


def _spread(colours: Float[np.ndarray, "n 2"]) -> float:
    return float(np.sqrt(np.sum(np.var(colours, axis=0))))


def _places(
    inside: Bool[np.ndarray, "i j"], off: Float[np.ndarray, "i j"]
) -> list[tuple[int, int]]:
    """Choose cells well inside a segment, of its colour, and apart from one another."""
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    worth = np.where(inside, np.minimum(depth, DEEP) - off / WIDTH, -np.inf)
    rows, columns = np.indices(inside.shape)
    apart = max(9.0, inside.sum() / (4 * PLACES))
    chosen: list[tuple[int, int]] = []
    while len(chosen) < PLACES and np.isfinite(worth).any():
        row, column = (int(x) for x in np.unravel_index(np.argmax(worth), worth.shape))
        chosen.append((row, column))
        worth = np.where((rows - row) ** 2 + (columns - column) ** 2 < apart, -np.inf, worth)
    return chosen
