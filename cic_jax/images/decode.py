"""A Pillow image of any mode as a photograph: upright, 8 bits, sRGB."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image, ImageCms

GREY_MODES = ("1", "L", "LA", "La")
# (kind of image, colour space of its profile) -> the mode in which the profile applies
PROFILED = {
    ("L", "GRAY"): "L",
    ("L", "RGB "): "RGB",
    ("RGB", "RGB "): "RGB",
    ("CMYK", "CMYK"): "CMYK",
    ("LAB", "Lab "): "LAB",
}
UPRIGHT = {  # EXIF's orientation -> what turns the stored picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Tags that describe the photograph. The others describe how its pixels were stored.
_TAGS = ExifTags.Base
DESCRIPTIVE = (
    *(_TAGS.ImageDescription, _TAGS.Make, _TAGS.Model, _TAGS.Software, _TAGS.DateTime),
    *(_TAGS.Artist, _TAGS.Copyright, _TAGS.HostComputer, _TAGS.Rating, _TAGS.RatingPercent),
    *(_TAGS.XResolution, _TAGS.YResolution, _TAGS.ResolutionUnit),
    *(_TAGS.XPTitle, _TAGS.XPComment, _TAGS.XPAuthor, _TAGS.XPKeywords, _TAGS.XPSubject),
)
STALE = (_TAGS.ExifImageWidth, _TAGS.ExifImageHeight, _TAGS.ExifInteroperabilityOffset)


class PhotoError(ValueError):
    """A photograph that cannot be read or written; the message is one line that says why."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph, upright and in sRGB, and what a file made from it should carry along."""

    rgb: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]  # 'h w' where the file is grey
    alpha: UInt8[np.ndarray, "h w"] | None = None
    exif: bytes | None = None  # without orientation and thumbnail
    icc: bytes | None = None  # the sRGB profile where the file had a profile
    format: str = "PNG"  # a key of `image_file.SUFFIXES`
    frames: int = 1  # pages or pictures in the file, of which this is the first
    path: Path | None = None


def decode(image: Image.Image) -> Photo:
    """A Pillow image of any mode as a Photo: 8 bits, upright, converted to sRGB by its profile.

    16-bit values keep their high byte, floating-point ones run from 0 to 1. CMYK without a profile
    is converted plainly. A profile that is damaged or for other channels is ignored.
    """
    image.load()
    profile = image.info.get("icc_profile")
    exif, orientation = _exif(image)
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    image, alpha = _split_alpha(_to_8_bits(image))
    return Photo(
        rgb=np.asarray(_to_srgb(image, profile)),
        alpha=None if alpha is None else np.asarray(alpha),
        exif=exif,
        icc=_srgb().tobytes() if profile else None,
    )


def _exif(image: Image.Image) -> tuple[bytes | None, int]:
    """The descriptive tags and the orientation."""
    try:
        tags = image.getexif()
        orientation = tags.get(_TAGS.Orientation, 1)
        kept = Image.Exif()
        for tag in DESCRIPTIVE:
            if tag in tags:
                kept[tag] = tags[tag]
        shot = {k: v for k, v in tags.get_ifd(ExifTags.IFD.Exif).items() if k not in STALE}
        if _TAGS.ColorSpace in shot:
            shot[_TAGS.ColorSpace] = 1  # sRGB
        for directory, values in (
            (ExifTags.IFD.Exif, shot),
            (ExifTags.IFD.GPSInfo, tags.get_ifd(ExifTags.IFD.GPSInfo)),
        ):
            if values:
                kept[directory] = values
        return kept.tobytes() if kept else None, orientation
    except Exception:  # damaged tags cost the photograph its tags, not its pixels
        return None, 1


def _to_8_bits(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        values = np.asarray(image)
        _check_range(values, 1)
        return Image.fromarray(np.rint(255 * values).astype(np.uint8))
    if image.mode == "I":
        values = np.asarray(image)
        _check_range(values, 65535)
        return Image.fromarray((values >> 8).astype(np.uint8))
    if image.mode.startswith("I;16"):
        tags = getattr(image, "tag_v2", {})
        bits = tags.get(_TAGS.BitsPerSample, (16,))[0]
        values = (np.asarray(image) >> (bits - 8)).astype(np.uint8)
        inverted = tags.get(_TAGS.PhotometricInterpretation) == 0
        return Image.fromarray(255 - values if inverted else values)
    return image


def _check_range(values: np.ndarray, highest: int) -> None:
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= highest):  # NaN fails too
        raise PhotoError(f"expected values from 0 to {highest}, they run from {low:g} to {high:g}")


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if not image.has_transparency_data:
        return image, None
    image = image.convert("LA" if image.mode in GREY_MODES else "RGBA")
    return image.convert(image.mode[:-1]), image.getchannel("A")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """To mode L where the image is grey, else to RGB."""
    grey = image.mode in GREY_MODES
    plain = "L" if grey else "RGB"
    kind = image.mode if image.mode in ("CMYK", "LAB") else plain
    if kind == "LAB":
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if profile is None:
        return image.convert(plain)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image.convert(PROFILED[kind, source.profile.xcolor_space]),
            source,
            _srgb(),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, KeyError, ImageCms.PyCMSError):  # damaged, or for other channels
        return image.convert(plain)
    assert converted is not None
    return converted.getchannel("G") if grey else converted


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
