"""Coherence: how much colour varies within one thing, compared with the truth.

The *spread* of a region is the root mean square distance of its pixels' ab from their mean. A thing
painted in two colours has a large one; its excess over the truth's spread is what the network could
not decide. Regions are the painted bodies of drawn vehicles, which are known exactly
(`cic_jax.scenes.Scene.mask`), or segments of a photograph that are of one colour in truth.
"""

import jax.numpy as jnp
import numpy as np
import skimage.filters
import skimage.measure
from jaxtyping import Bool, Float, Int

from cic_jax import bins

SMOOTHING = 2.0  # pixels: sigma of the Gaussian that takes noise off the true colour
SMALLEST = 1 / 200  # of the photograph: smaller regions say little

Regions = Int[np.ndarray, "h w"]  # 1, 2, ... in the regions, 0 outside


def spreads(ab: Float[np.ndarray, "h w 2"], regions: Regions) -> Float[np.ndarray, " n"]:
    """Compute the spread of ab in each region, in CIELAB units; 0 where a region has one colour."""
    label = regions.ravel()
    count = np.bincount(label)[1:]
    variance = np.zeros(len(count))
    for values in ab.reshape(-1, 2).astype(np.float64).T:
        mean = np.bincount(label, values)[1:] / np.maximum(count, 1)
        off = values - np.concatenate([[0.0], mean])[label]
        variance += np.bincount(label, off**2)[1:] / np.maximum(count, 1)
    return np.sqrt(variance[count > 0])


def segments(ab: Float[np.ndarray, "h w 2"], mask: Bool[np.ndarray, "h w"]) -> Regions:
    """Divide a photograph into segments of equal true colour.

    A segment is a connected region, by the four neighbours, whose true ab, smoothed by a Gaussian,
    is nearest to one of the 313 bins: colours differ by some 10 units at most. Segments smaller
    than 1/200 of the photograph, and pixels outside of `mask`, belong to none.
    """
    smooth = skimage.filters.gaussian(ab, SMOOTHING, channel_axis=-1)
    nearest, _ = bins.encode(jnp.asarray(smooth, jnp.float32), neighbors=1)
    classes = np.where(mask, 1 + np.asarray(nearest)[..., 0], 0)
    return large(skimage.measure.label(classes, background=0, connectivity=1))


def large(regions: Regions) -> Regions:
    """Keep the regions of at least 1/200 of the photograph, and number them anew."""
    kept = np.bincount(regions.ravel()) >= SMALLEST * regions.size
    kept[0] = False
    return np.where(kept, np.cumsum(kept), 0)[regions]
