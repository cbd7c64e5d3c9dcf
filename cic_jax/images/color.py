"""Conversion to sRGB: by the ICC profile, or by the gamma of a PNG."""

import functools
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageCms

GREY_MODES = ("1", "L", "LA", "La")
# (kind of image, colour space of its profile) -> the mode in which the profile applies
PROFILED = {
    ("L", "GRAY"): "L",
    ("L", "RGB "): "RGB",
    ("RGB", "RGB "): "RGB",
    ("CMYK", "CMYK"): "CMYK",
    ("LAB", "Lab "): "LAB",
}
SRGB_GAMMA = 1 / 2.2  # the gamma that a PNG in sRGB records
GAMMA_TOLERANCE = 0.05  # nearer gammas count as equal: libpng's PNG_GAMMA_THRESHOLD


def to_srgb(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """Convert 8 bits of any mode without alpha to sRGB: mode L if the image is grey, else RGB.

    `info` is that of Pillow's file. The primaries that a PNG records with its gamma are ignored.
    """
    grey = image.mode in GREY_MODES
    plain = "L" if grey else "RGB"
    kind = image.mode if image.mode in ("CMYK", "LAB") else plain
    profile = _lab_profile() if kind == "LAB" else info.get("icc_profile")
    if profile is None:
        return _from_gamma(convert(image, plain), info)
    transform = _transform(profile, kind)
    if transform is None:
        return convert(image, plain)
    converted = transform.apply(convert(image, transform.inputMode))
    return converted.getchannel("G") if grey else converted


def convert(image: Image.Image, mode: str) -> Image.Image:
    """Convert to a mode; unlike Pillow's method, without a copy where nothing changes."""
    return image if image.mode == mode else image.convert(mode)


def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB."""
    return _srgb().tobytes()


@functools.lru_cache(maxsize=16)  # photographs of one camera share a profile
def _transform(profile: bytes, kind: str) -> ImageCms.ImageCmsTransform | None:
    """Build the transform of a profile to sRGB.

    None for a profile that is sRGB itself, damaged or for other channels.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            source,
            _srgb(),
            PROFILED[kind, source.profile.xcolor_space],
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, KeyError, ImageCms.PyCMSError):
        return None
    return None if _keeps_colors(transform) else transform


def _keeps_colors(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether RGB changes by rounding alone; such a transform would only cost time."""
    if transform.inputMode != "RGB":
        return False
    axis = np.arange(0, 256, 17, dtype=np.uint8)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(64, 64, 3)
    converted = np.asarray(transform.apply(Image.fromarray(grid)))
    return bool(np.abs(converted.astype(int) - grid).max() <= 1)


def _from_gamma(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """Convert from a PNG's gamma to sRGB (IEC 61966-2-1), unless the PNG says that it is sRGB."""
    gamma = info.get("gamma")
    if not gamma or "srgb" in info or abs(gamma / SRGB_GAMMA - 1) < GAMMA_TOLERANCE:
        return image
    light = (np.arange(256) / 255) ** (1 / gamma)
    curved = 1.055 * light ** (1 / 2.4) - 0.055
    table = np.rint(255 * np.where(light <= 0.0031308, 12.92 * light, curved)).astype(int).tolist()
    return image.point(table * len(image.getbands()))


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@functools.cache
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
