"""Where a film cuts from one shot to the next."""

import numpy as np
from jaxtyping import Float

CLASSES = 32  # of lightness, in a histogram
CHANGED = 0.15  # share of the pixels that change their class, as histograms tell, at a cut
FOUND = 0.3  # share of the cells that are found again, at most, at a cut


def is_cut(before: Float[np.ndarray, "h w"], after: Float[np.ndarray, "h w"], found: float) -> bool:
    """Tell whether a shot ends between two pictures, by their lightness in [0, 100].

    It does where lightness is distributed otherwise *and* most cells are not found again. A camera
    that sways changes the second alone, a flash the first alone.

    Args:
        before: Lightness of the earlier picture.
        after: Lightness of the later one.
        found: Share of the cells of the later one that `motion.match` found in the earlier.
    """
    return found < FOUND and changed(before, after) > CHANGED


def changed(before: Float[np.ndarray, "h w"], after: Float[np.ndarray, "h w"]) -> float:
    """Return half the L1 distance of the histograms of lightness, from 0 to 1."""
    shares = [np.histogram(L, CLASSES, (0, 100))[0] / L.size for L in (before, after)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
