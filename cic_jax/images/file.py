"""Photograph files: any common kind in, upright sRGB out of it, and back into a file like it."""

import io
import itertools
import os
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from cic_jax.images.decode import Photo, PhotoError, decode

Source = str | Path | io.BytesIO | io.BufferedReader
MAX_PIXELS = 100_000_000

# What is read, by Pillow's names, with the suffixes of each; the first is given to new files.
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG2000": (".jp2", ".jpx"),
    "AVIF": (".avif",),
}
# What can hold RGB, and is therefore written, with Pillow's settings.
SETTINGS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"quality": 95},
    "BMP": {},
    "JPEG2000": {},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
OPAQUE = ("JPEG", "BMP")


def identify(source: str | Path) -> str:
    """The format of a file, a key of `SUFFIXES`, by its first bytes. Raises PhotoError."""
    with _opened(source) as image:
        return _format(image)


def read(source: Source) -> Photo:
    """Read a photograph of at most 100 megapixels from a file or a binary stream.

    Of several pages or frames the first is read. Raises PhotoError for what is missing, empty,
    damaged, cut short, too large or no photograph.
    """
    with _opened(source) as image:
        # A phone's JPEG with previews behind it is one photograph.
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        photo = replace(decode(image), format=_format(image), frames=frames)
    path = Path(source) if isinstance(source, str | Path) else None
    return replace(photo, path=path)


def output_name(path: Path, format: str) -> Path:
    """`path` with a suffix for what a photograph of that format is written as: PNG for a GIF."""
    suffixes = SUFFIXES[_written(format)]
    if path.suffix.lower() in suffixes:
        return path
    known = path.suffix.lower() in itertools.chain(*SUFFIXES.values())
    return path.with_name((path.stem if known else path.name) + suffixes[0])


def write(path: str | Path, rgb: UInt8[np.ndarray, "h w 3"], like: Photo) -> None:
    """Write `rgb` in the format of the path's suffix, with the alpha, EXIF and profile of `like`.

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
        reason = getattr(error, "strerror", None) or _first_line(error)
        raise PhotoError(f"{path}: could not be written: {reason}") from error
    finally:
        part.unlink(missing_ok=True)


def encode(
    file: io.BytesIO | io.BufferedWriter, rgb: UInt8[np.ndarray, "h w 3"], like: Photo
) -> None:
    """Write `rgb` to a seekable binary file, in the format of `like` or else as PNG."""
    format = _written(like.format)
    image = Image.fromarray(rgb)
    if like.alpha is not None and format not in OPAQUE:
        image.putalpha(Image.fromarray(like.alpha))
    carried = {"exif": like.exif, "icc_profile": like.icc}
    carried = {key: value for key, value in carried.items() if value is not None}
    image.save(file, format, **SETTINGS[format], **carried)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both exist and are one file, by whatever names."""
    return one.exists() and other.exists() and one.samefile(other)


def _written(format: str) -> str:
    return format if format in SETTINGS else "PNG"


def _format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)


@contextmanager
def _opened(source: Source) -> Iterator[Image.Image]:
    """Open lazily; whatever goes wrong here or in the body becomes a PhotoError."""
    try:
        # Pillow warns of oddities (and of size, from 89 megapixels on) in what is readable.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source, formats=tuple(SUFFIXES)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                yield image
    except Exception as error:  # on a damaged file Pillow's decoders raise almost anything
        name = source if isinstance(source, str | Path) else "the stream"
        raise PhotoError(f"{name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    match error:
        case PhotoError():
            return str(error)
        case Image.DecompressionBombError():
            return f"larger than {MAX_PIXELS // 10**6} megapixels, the most that is read"
        case UnidentifiedImageError():
            return f"empty, or no photograph of a kind that is read ({', '.join(SUFFIXES)})"
        case OSError(strerror=str(reason)):
            return reason.lower()
    return f"damaged or cut short ({_first_line(error)})"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
