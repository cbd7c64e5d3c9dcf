"""Writing of photograph files, each in the format of the photograph that it was made from."""

import io
import itertools
import os
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from cic_jax.images.decode import Photo, PhotoError
from cic_jax.images.limits import SUFFIXES
from cic_jax.images.source import first_line

# The formats that are written, with Pillow's settings: those that hold RGB and are common.
SETTINGS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"quality": 95},
    "BMP": {},
    "JPEG2000": {},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
WRITTEN = tuple(SETTINGS)
OPAQUE = ("JPEG", "BMP")
WITH_DPI = ("JPEG", "PNG", "TIFF", "BMP")


def output_name(path: Path, format: str) -> Path:
    """Return `path` with the suffix in which a photograph of that format is written.

    A GIF becomes a PNG, HEIF JPEG.
    """
    suffixes = SUFFIXES[written(format)]
    if path.suffix.lower() in suffixes:
        return path
    known = path.suffix.lower() in itertools.chain(*SUFFIXES.values())
    return path.with_name((path.stem if known else path.name) + suffixes[0])


def write(path: str | Path, rgb: UInt8[np.ndarray, "h w 3"], like: Photo) -> None:
    """Write `rgb` in the format of the path's suffix, with the metadata and alpha of `like`.

    The file appears whole or not at all. `output_name` gives the path that keeps the format of
    `like` wherever it can hold RGB. Transparency is lost in JPEG and BMP; BMP and JPEG 2000 carry
    no EXIF. Raises PhotoError for an unknown suffix, a failed write, or the file `like` came from.
    """
    path = Path(path)
    formats = [f for f in SETTINGS if path.suffix.lower() in SUFFIXES[f]]
    if not formats:
        known = " ".join(SUFFIXES[f][0] for f in SETTINGS)
        raise PhotoError(f"{path}: expected a name that ends in one of {known}")
    if like.path is not None and is_same_file(path, like.path):
        raise PhotoError(f"{path}: is the photograph itself, which is never replaced")
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            encode(file, rgb, replace(like, format=formats[0]))
        os.replace(part, path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise PhotoError(f"{path}: could not be written: {reason}") from error
    finally:
        part.unlink(missing_ok=True)


def encode(
    file: io.BytesIO | io.BufferedWriter, rgb: UInt8[np.ndarray, "h w 3"], like: Photo
) -> None:
    """Write `rgb` to a seekable binary file, in the format of `like` or else as PNG.

    Raises PhotoError if the format cannot hold it, such as a WebP of more than 16,383 pixels.
    """
    format = written(like.format)
    image = Image.fromarray(rgb)
    if like.alpha is not None and format not in OPAQUE:
        image.putalpha(Image.fromarray(like.alpha))
    dpi = like.dpi if format in WITH_DPI else None
    carried = {"exif": like.exif, "icc_profile": like.icc, "dpi": dpi}
    carried = {key: value for key, value in carried.items() if value is not None}
    try:
        image.save(file, format, **SETTINGS[format], **carried)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk, not the picture
            raise
        h, w = rgb.shape[:2]
        reason = f"{w} x {h} pixels as {format} ({first_line(error)})"
        raise PhotoError(f"cannot encode {reason}") from error


def is_same_file(one: Path, other: Path) -> bool:
    """Return whether both exist and are one file, by whatever names."""
    return one.exists() and other.exists() and one.samefile(other)


def written(format: str) -> str:
    """Return the format in which a photograph of that format is written, a key of `WRITTEN`."""
    if format == "HEIF":  # a phone's photograph
        return "JPEG"
    return format if format in SETTINGS else "PNG"
