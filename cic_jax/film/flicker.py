"""How much colour flickers: colour distribution consistency, and the difference along motion."""

import numpy as np
from jaxtyping import Float, UInt8
from scipy import ndimage

STEPS = (1, 2, 4)  # pictures apart, of which the consistency is the mean
CLASSES = 256  # of a channel's histogram


def consistency(film: UInt8[np.ndarray, "t h w 3"]) -> float:
    """Compute colour distribution consistency, CDC; 0 is a film whose colours do not change.

    The mean Jensen-Shannon divergence, in nats, of the histograms of red, green and blue of
    pictures 1, 2 and 4 apart (Liu et al., "Temporally Consistent Video Colorization with Deep
    Feature Propagation and Self-regularization Learning", 2021). Raises ValueError for fewer than 5
    pictures.
    """
    if len(film) <= STEPS[-1]:
        raise ValueError(f"expected at least {STEPS[-1] + 1} pictures, got {len(film)}")
    histograms = np.stack([_histograms(picture) for picture in film])
    return float(np.mean([_divergence(histograms[:-n], histograms[n:]).mean() for n in STEPS]))


def _histograms(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "3 n"]:
    flat = picture.reshape(-1, 3)
    counts = [np.bincount(flat[:, channel], minlength=CLASSES) for channel in range(3)]
    return np.stack(counts) / len(flat)


def _divergence(p: Float[np.ndarray, "*b n"], q: Float[np.ndarray, "*b n"]) -> np.ndarray:
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    return np.sum(p * np.log(ratio), axis=-1)


def warped_difference(
    ab: Float[np.ndarray, "t h w 2"],
    place: Float[np.ndarray, "s h w 2"],
    share: Float[np.ndarray, "s h w"],
) -> float:
    """Compute how far a point's colour moves from one picture to the next, in CIELAB units.

    The root mean square, over what is found in the picture before (Lai et al., "Learning Blind
    Video Temporal Consistency", ECCV 2018, in the ab plane).

    Args:
        ab: Colours of t pictures.
        place: Row and column of each pixel of pictures 2 to t in the picture before it.
        share: How surely each was found, from 0 to 1.
    """
    total = weight = 0.0
    for before, after, where, found in zip(ab[:-1], ab[1:], place, share, strict=True):
        rows_columns = np.moveaxis(where, -1, 0)
        there = [
            ndimage.map_coordinates(channel, rows_columns, order=1, mode="nearest")
            for channel in np.moveaxis(before, -1, 0)
        ]
        off = after - np.stack(there, axis=-1)
        total += float(np.sum(found[..., None] * off**2))
        weight += float(np.sum(found))
    return (total / max(weight, 1e-9)) ** 0.5
