"""Working sizes of photographs, and resampling to them."""

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image

LONGEST = 16  # the working long side is at most so many times `size`


def working_size(h: int, w: int, size: int) -> tuple[int, int]:
    """Compute the height and width with a short side of `size`, keeping the aspect.

    A photograph more than LONGEST times as long as wide is reduced further, until it fits.
    """
    scale = min(size / min(h, w), LONGEST * size / max(h, w))
    return max(1, round(h * scale)), max(1, round(w * scale))


def reduce(
    pixels: UInt8[np.ndarray, "h w *c"], size: tuple[int, int]
) -> UInt8[np.ndarray, "i j *c"]:
    """Resample to a height and width, antialiased, one channel at a time to spare memory."""
    channels = [
        np.asarray(Image.fromarray(channel).resize(size[::-1], Image.Resampling.BICUBIC))
        for channel in np.moveaxis(np.atleast_3d(pixels), -1, 0)
    ]
    return np.stack(channels, axis=-1).reshape(*size, *pixels.shape[2:])


def padded_size(h: int, w: int, multiple: int) -> tuple[int, int]:
    """Return the height and width that `pad` makes of others."""
    return h + -h % multiple, w + -w % multiple


def pad(
    values: Shaped[np.ndarray, "h w *c"], multiple: int | tuple[int, int]
) -> Shaped[np.ndarray, "i j *c"]:
    """Repeat the lower and right edges up to a multiple, one for both sides or one for each."""
    multiples = (multiple, multiple) if isinstance(multiple, int) else multiple
    edges = [(0, -side % step) for side, step in zip(values.shape[:2], multiples, strict=True)]
    if not any(missing for _, missing in edges):
        return values
    edges += [(0, 0)] * (values.ndim - 2)
    return np.pad(values, edges, mode="edge")
