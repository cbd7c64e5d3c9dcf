"""Coherence of a model's colours, on drawn scenes and on photographs."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from cic_jax import coherence, lab, read_out, scenes
from cic_jax.coherence import Regions
from cic_jax.train.evaluate import Columns
from cic_jax.train.sample import Cells, Sample

DRAWN = "drawn"  # the group of drawn scenes


class Things(NamedTuple):
    """Photographs, and the regions of each that are one thing."""

    sample: Sample
    regions: list[Regions]


def drawn(count: int, size: int = 256, seed: int = 1) -> Things:
    """Draw scenes whose regions are the painted bodies of vehicles, each of one true colour.

    Scenes without a body of 1/200 of the photograph are left out. `seed` is not that of the scenes
    to train on.
    """
    photographs, regions, names = [], [], []
    for index in range(count):
        scene = scenes.draw(seed, index, size)
        bodies = coherence.large(scene.mask.astype(int))
        if bodies.any():
            photographs.append(scene.image)
            regions.append(bodies)
            names.append(f"{seed}_{index:06d}")
    photo = np.stack(photographs)
    sample = Sample(photo, np.ones(photo.shape[:3], bool), names, [DRAWN] * len(names))
    return Things(sample, regions)


def segmented(sample: Sample) -> Things:
    """Divide photographs into segments of equal true colour."""
    regions = [
        coherence.segments(_ab(photo), mask)
        for photo, mask in zip(sample.photo, sample.mask, strict=True)
    ]
    return Things(sample, regions)


def spreads(
    things: Things, cell_ab: Cells, saturation: float, rows: Int[np.ndarray, " m"]
) -> Columns:
    """Compute the mean spread of the regions of each photograph in `rows`, and the truth's.

    'spread_excess' is the difference. All are NaN for a photograph without a region.
    """
    pairs = np.full((len(rows), 2), np.nan)
    for i, row in enumerate(rows):
        regions, photo = things.regions[row], things.sample.photo[row]
        if regions.any():
            colours = np.asarray(_colours(photo, cell_ab[row], saturation))
            pairs[i] = [coherence.spreads(ab, regions).mean() for ab in (colours, _ab(photo))]
    ours, truth = pairs.T
    return {"spread": ours, "spread_truth": truth, "spread_excess": ours - truth}


def _ab(photo: np.ndarray) -> np.ndarray:
    return np.asarray(_lab(photo))[..., 1:]


_lab = jax.jit(lab.from_uint8)


@jax.jit
def _colours(photo, cell_ab, saturation):
    L = lab.from_uint8(jnp.asarray(photo))[..., :1]
    return read_out.fit(L, saturation * read_out.follow(cell_ab, L))
