"""Square windows of uint8 RGB from encoded photographs, and masks of their real pixels."""

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from cic_jax import images


def decode(
    photo: bytes | UInt8[np.ndarray, "h w 3"], short_side: int = 0
) -> UInt8[np.ndarray, "h w 3"]:
    """Decode to upright sRGB pixels; reduce a larger short side to `short_side` (0: keep it).

    Transparency is laid over white. Raises `images.PhotoError` if the photograph cannot be read.
    """
    rgb = images.read_rgb(photo, short_side) if isinstance(photo, bytes) else Image.fromarray(photo)
    ratio = short_side / min(rgb.size)
    if 0 < ratio < 1:
        width, height = (max(short_side, round(ratio * side)) for side in rgb.size)
        rgb = rgb.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(rgb)


def window(
    photo: bytes | UInt8[np.ndarray, "h w 3"],
    size: int = 256,
    short_side: int = 256,
    rng: np.random.Generator | None = None,
) -> tuple[UInt8[np.ndarray, "{size} {size} 3"], Bool[np.ndarray, "{size} {size}"]]:
    """Cut out `size` x `size` pixels, central or at random by `rng`, with a mask of the real ones.

    The short side is reduced to `short_side` first (0: not at all) and never enlarged: a photograph
    smaller than the window lies in its middle, reflected at its edges, where the mask is False.
    """
    pixels = decode(photo, short_side)
    height, width = pixels.shape[:2]
    top, left = (_offset(side - size, rng) for side in (height, width))
    crop = pixels[top : top + size, left : left + size]
    if crop.shape[:2] == (size, size):
        return crop, np.ones((size, size), bool)
    margins = [((size - side) // 2, -((side - size) // 2)) for side in crop.shape[:2]]
    mask = np.pad(np.ones(crop.shape[:2], bool), margins)
    return np.pad(crop, [*margins, (0, 0)], mode="reflect"), mask


def _offset(spare: int, rng: np.random.Generator | None) -> int:
    if spare <= 0:
        return 0
    return spare // 2 if rng is None else int(rng.integers(spare + 1))
