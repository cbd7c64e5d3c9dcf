"""Photograph files: common formats read as upright sRGB, and written back in the same format."""

import io
import itertools
import math
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
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from cic_jax.images.decode import Photo, PhotoError, decode, decode_rgb

Stream = io.BytesIO | io.BufferedReader
Source = str | Path | bytes | Stream  # a file's path or name, its content, or the open file
MAX_PIXELS = 100_000_000

# The formats that are read, by Pillow's names, with their suffixes; the first is given to new
# files. No other decoder of Pillow ever sees a file, whatever its name: that of EPS would run it.
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG2000": (".jp2", ".jpx"),
    "AVIF": (".avif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
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
OPAQUE = ("JPEG", "BMP")
WITH_DPI = ("JPEG", "PNG", "TIFF", "BMP")
# Tags of TIFF and DNG 1.7
NEW_SUBFILE_TYPE, SUB_IFDS, DNG_VERSION = 254, 330, 50706
REDUCED = 1  # of NEW_SUBFILE_TYPE: a reduced version of another picture in the file


def identify(source: Source) -> str:
    """Return the format of a file, a key of `SUFFIXES`, by its content. Raises PhotoError."""
    with _without_warnings(), open_image(source) as image:
        return _format(image)


def read(source: Source) -> Photo:
    """Read a photograph of at most 100 megapixels.

    Of several pages or frames the first is read. Raises PhotoError for a source that is missing,
    empty, damaged, cut short, too large, a camera's RAW file or no photograph.
    """
    with _without_warnings(), open_image(source) as image:
        # A phone's JPEG with previews behind it is one photograph.
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        photo = replace(decode(image), format=_format(image), frames=frames)
    path = Path(source) if isinstance(source, str | Path) else None
    return replace(photo, path=path)


def read_rgb(source: Source, short_side: int = 0) -> Image.Image:
    """Read a photograph as opaque RGB pixels, upright, in sRGB: grey and transparency over white.

    With a `short_side`, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which takes far less
    time; at least twice the short side remains for a resampling filter. Raises PhotoError as `read`
    does. Changes no state of the process, so that threads may call it.
    """
    with open_image(source) as image:
        if short_side:
            scale = 2 * short_side / min(image.size)
            width, height = (math.ceil(scale * side) for side in image.size)
            image.draft(None, (width, height))
        rgb = decode_rgb(image)
    rgb.info.clear()  # the profile, above all, no longer holds
    return rgb


def output_name(path: Path, format: str) -> Path:
    """Return `path` with the suffix in which a photograph of that format is written (GIF: PNG)."""
    suffixes = SUFFIXES[_written(format)]
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
        reason = getattr(error, "strerror", None) or _first_line(error)
        raise PhotoError(f"{path}: could not be written: {reason}") from error
    finally:
        part.unlink(missing_ok=True)


def encode(
    file: io.BytesIO | io.BufferedWriter, rgb: UInt8[np.ndarray, "h w 3"], like: Photo
) -> None:
    """Write `rgb` to a seekable binary file, in the format of `like` or else as PNG.

    Raises PhotoError if the format cannot hold it, such as a WebP of more than 16,383 pixels.
    """
    format = _written(like.format)
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
        reason = f"{w} x {h} pixels as {format} ({_first_line(error)})"
        raise PhotoError(f"cannot encode {reason}") from error


def is_same_file(one: Path, other: Path) -> bool:
    """Return whether both exist and are one file, by whatever names."""
    return one.exists() and other.exists() and one.samefile(other)


@contextmanager
def open_image(source: Source) -> Iterator[Image.Image]:
    """Open a photograph lazily, in one of the formats of `SUFFIXES` and no other.

    Whatever goes wrong here or in the body becomes a PhotoError that names the source.
    """
    try:
        with _stream(source) as stream, Image.open(stream, formats=tuple(SUFFIXES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            _refuse_raw(image)
            yield image
    except Exception as error:  # on a damaged file Pillow's decoders raise almost anything
        name = source if isinstance(source, str | Path) else "the stream"
        raise PhotoError(f"{name}: {_reason(error)}") from error


@contextmanager
def _stream(source: Source) -> Iterator[Stream]:
    """Open the source here: Pillow reads a file that it opened by path in other ways."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | Path):
        with open(source, "rb") as stream:
            yield stream
    else:
        yield source


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence Pillow, which warns of oddities (and of size) in files that it can read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _refuse_raw(image: Image.Image) -> None:
    """Refuse a TIFF whose first picture is the preview of another, as in a camera's RAW file."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    tags = image.tag_v2
    is_reduced = tags.get(NEW_SUBFILE_TYPE, 0) & REDUCED
    is_preview = is_reduced and (SUB_IFDS in tags or image.n_frames > 1)
    if DNG_VERSION in tags or is_preview or _is_canon_raw(image):
        raise PhotoError(
            "a RAW file, of which only the preview could be read; develop it to JPEG or TIFF first"
        )


def _is_canon_raw(image: TiffImagePlugin.TiffImageFile) -> bool:
    assert image.fp is not None
    image.fp.seek(8)
    return image.fp.read(2) == b"CR"


def _written(format: str) -> str:
    return format if format in SETTINGS else "PNG"


def _format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)


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
