"""Decode a Pillow image of any mode: upright, 8 bits, sRGB."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Num, UInt8
from PIL import ExifTags, Image

from cic_jax.images import color, exif

MAX_DPI = 65535  # the most that a JPEG records


class PhotoError(ValueError):
    """A photograph that cannot be read or written; the message is one line that says why."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph, upright and in sRGB, and the metadata that a file made from it keeps."""

    rgb: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]  # 'h w' if the file is grey
    alpha: UInt8[np.ndarray, "h w"] | None = None
    exif: bytes | None = None  # without orientation and thumbnail
    icc: bytes | None = None  # the sRGB profile if the file had a profile
    dpi: tuple[float, float] | None = None  # along width and height
    format: str = "PNG"  # a key of `SUFFIXES`
    frames: int = 1  # pages or pictures in the file, of which this is the first
    path: Path | None = None


class Pixels(NamedTuple):
    """Upright 8-bit pixels in sRGB: mode L if the image is grey, else RGB. Alpha in mode L."""

    color: Image.Image
    alpha: Image.Image | None
    orientation: int  # of the stored picture


def decode(image: Image.Image) -> Photo:
    """Decode a Pillow image of any mode to a Photo: 8 bits, upright, sRGB.

    The ICC profile applies; without one, the gamma of a PNG. 16-bit values keep their high byte,
    unless none of them exceeds 255: then they are 8-bit values. Floating-point values run from 0
    to 1. CMYK without a profile is converted by Pillow's formula. A profile that is
    damaged or for other channels is ignored. Raises PhotoError for values outside these ranges.
    """
    pixels = decode_pixels(image)
    dpi = _dpi(image)
    return Photo(
        rgb=np.asarray(pixels.color),
        alpha=None if pixels.alpha is None else np.asarray(pixels.alpha),
        exif=exif.carried(image),
        icc=color.srgb_profile() if image.info.get("icc_profile") else None,
        dpi=dpi[::-1] if dpi and pixels.orientation in exif.QUARTER_TURNS else dpi,
    )


def decode_rgb(image: Image.Image) -> Image.Image:
    """Decode as `decode` does, to RGB alone: grey in three channels, transparency over white."""
    pixels = decode_pixels(image)
    rgb = color.convert(pixels.color, "RGB")
    if pixels.alpha is None:
        return rgb
    rgba = rgb.copy()
    rgba.putalpha(pixels.alpha)
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def decode_pixels(image: Image.Image) -> Pixels:
    """Decode the pixels as `decode` describes. An ordinary RGB image is returned uncopied."""
    # Samples of 16 bits per channel in colour lose their low byte while Pillow loads them.
    tiles = getattr(image, "tile", ()) if image.format == "PNG" else ()
    wide = any("16" in str(tile[3]) for tile in tiles)
    orientation = exif.orientation(image)
    _load(image)
    turn = exif.UPRIGHT.get(exif.orientation(image))  # none for a TIFF: Pillow has turned it
    pixels, alpha = _split_alpha(*_to_8_bits(image, wide))
    pixels = color.to_srgb(pixels, image.info)
    if turn is not None:
        pixels = pixels.transpose(turn)
        alpha = alpha and alpha.transpose(turn)
    return Pixels(pixels, alpha, orientation)


def _load(image: Image.Image) -> None:
    """Load the pixels, never by mapping the file.

    Pillow maps an uncompressed TIFF that it opened by path, with height and width exchanged where
    the orientation is a quarter turn: the pixels come out as noise.
    """
    name = getattr(image, "filename", None)
    if not name:
        image.load()
        return
    try:
        image.filename = ""  # type: ignore[attr-defined]
        image.load()
    finally:
        image.filename = name  # type: ignore[attr-defined]


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    # 1 is what Pillow gives for a TIFF without resolution.
    usable = all(math.isfinite(value) and 1 < value <= MAX_DPI for value in (across, down))
    return (across, down) if usable else None


def _to_8_bits(image: Image.Image, wide: bool) -> tuple[Image.Image, Image.Image | None]:
    """Reduce to 8 bits; also the alpha of a 16-bit grey value that stands for transparency."""
    if image.mode == "F":
        values = np.asarray(image)
        _check_range(values, 1)
        return Image.fromarray(np.rint(255 * values).astype(np.uint8)), None
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image)
        bits = _bits(image, values)
        _check_range(values, 2**bits - 1)
        grey = (values >> (bits - 8)).astype(np.uint8)
        tags = getattr(image, "tag_v2", {})
        if tags.get(ExifTags.Base.PhotometricInterpretation) == 0:  # white is 0
            grey = 255 - grey
        key = image.info.get("transparency")
        alpha = None if key is None else Image.fromarray(np.uint8(255) * (values != key))
        return Image.fromarray(grey), alpha
    if wide and isinstance(key := image.info.get("transparency"), tuple):
        image = image.copy()
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image, None


def _bits(image: Image.Image, values: Num[np.ndarray, "h w"]) -> int:
    """Return the bits that the full scale of integer grey values takes."""
    if values.max() <= 255:  # common in wide integers; as a part of their full scale, it is black
        return 8
    stored = getattr(image, "tag_v2", {}).get(ExifTags.Base.BitsPerSample, (0,))[0]
    if image.mode != "I":
        return stored or 16
    return 15 if stored == 16 else 16  # Pillow gives mode I to a TIFF of 16 bits if it is signed


def _check_range(values: Num[np.ndarray, "h w"], highest: int) -> None:
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= highest):  # NaN fails too
        raise PhotoError(f"expected values from 0 to {highest}, they run from {low:g} to {high:g}")


def _split_alpha(
    image: Image.Image, alpha: Image.Image | None
) -> tuple[Image.Image, Image.Image | None]:
    if alpha is not None or not image.has_transparency_data:
        return image, alpha
    image = image.convert("LA" if image.mode in color.GREY_MODES else "RGBA")
    return image.convert(image.mode[:-1]), image.getchannel("A")
