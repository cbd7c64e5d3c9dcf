"""An encoded photograph -> a square window of uint8 RGB, and which of its pixels are real."""

import io
import math

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageOps


def decode(
    photo: bytes | UInt8[np.ndarray, "h w 3"], short_side: int = 0
) -> UInt8[np.ndarray, "h w 3"]:
    """RGB pixels, upright, the short side brought to `short_side` where it is larger (0: as is).

    Any format that Pillow reads; raises what Pillow raises where it cannot.
    """
    if isinstance(photo, bytes):
        with Image.open(io.BytesIO(photo)) as image:
            if short_side:
                # A JPEG decodes at 1/2, 1/4 or 1/8 for much less; twice the final size or more is
                # left for the filter below.
                scale = 2 * short_side / min(image.size)
                width, height = (math.ceil(scale * side) for side in image.size)
                image.draft(None, (width, height))
            upright = to_rgb(image)
    else:
        upright = Image.fromarray(photo)
    ratio = short_side / min(upright.size)
    if 0 < ratio < 1:
        width, height = (max(short_side, round(ratio * side)) for side in upright.size)
        upright = upright.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(upright)


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode -> RGB, turned upright by its EXIF orientation, transparency over white.

    The image itself is turned, and returned where it is RGB: a copy of each photograph costs time.
    """
    ImageOps.exif_transpose(image, in_place=True)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    upright = image.convert("RGBA")
    white = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(white, upright).convert("RGB")


def window(
    photo: bytes | UInt8[np.ndarray, "h w 3"],
    size: int = 256,
    short_side: int = 256,
    rng: np.random.Generator | None = None,
) -> tuple[UInt8[np.ndarray, "{size} {size} 3"], Bool[np.ndarray, "{size} {size}"]]:
    """A `size` x `size` crop, in the centre or where `rng` puts it, and the mask of real pixels.

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
