"""Opening of a photograph's file within the bounds of `limits`, in the formats listed there."""

import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from cic_jax.images import limits
from cic_jax.images.decode import PhotoError

Stream = io.BytesIO | io.BufferedReader
Source = str | Path | bytes | Stream  # a file's path or name, its content, or the open file

START_OF_SCAN = b"\xff\xda"  # in a JPEG; its pixels never have these bytes
# Tags of TIFF and DNG 1.7
NEW_SUBFILE_TYPE, SUB_IFDS, DNG_VERSION = 254, 330, 50706
REDUCED = 1  # of NEW_SUBFILE_TYPE: a reduced version of another picture in the file
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the first bytes of TIFF and BigTIFF


class Metered:
    """A stream that raises PhotoError once it is read in more parts than an honest file has.

    Pillow parses blocks, chunks and directories one by one: a megabyte can hold a million.
    """

    def __init__(self, stream: Stream, size: int) -> None:
        """Meter a stream of `size` bytes."""
        self._stream = stream
        self._reads = limits.MAX_READS + size // limits.BYTES_PER_READ
        self._bytes = limits.MAX_REREADS * (size + limits.BYTES_PER_READ * limits.MAX_READS)

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does."""
        content = self._stream.read(size)
        self._reads -= 1
        self._bytes -= len(content)
        if self._reads < 0 or self._bytes < 0:
            raise PhotoError(
                "damaged, or made to take long: it has more parts than its size allows"
            )
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def open_image(source: Source) -> Iterator[Image.Image]:
    """Open a photograph lazily, in one of the formats of `limits.SUFFIXES` and no other.

    HEIF only where pillow-heif is registered, as in the decoding process.
    Whatever goes wrong here or in the body becomes a PhotoError that names the source.
    """
    with described(source), open_stream(source) as stream, _identify(stream) as image:
        _require_bounded(image)
        _refuse_raw(image)
        yield image


@contextmanager
def described(source: Source) -> Iterator[None]:
    """Turn whatever goes wrong with a source into a PhotoError of one line that names it."""
    try:
        yield
    except Exception as error:  # on a damaged file Pillow's decoders raise almost anything
        name = source if isinstance(source, str | Path) else "the stream"
        raise PhotoError(f"{name}: {_reason(error)}") from error


@contextmanager
def open_stream(source: Source) -> Iterator[Stream]:
    """Open the source here: Pillow reads a file that it opened by path in other ways.

    A pipe or a device, which may never end or never begin, raises PhotoError.
    """
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | Path):
        with open(source, "rb", opener=_open_file) as stream:
            yield stream
    else:
        source.seek(0)
        yield source


def size_of(stream: Stream) -> int:
    """Return the bytes of an open source, at its beginning; PhotoError above the most."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size > limits.MAX_BYTES:
        most = limits.MAX_BYTES / 2**20
        raise PhotoError(f"a file of {size / 2**20:.0f} MiB; at most {most:.0f} MiB are read")
    return size


def frames(image: Image.Image) -> int:
    """Count the pages or pictures in a file; a phone's JPEG with previews is one photograph.

    Raises PhotoError for more than are read.
    """
    count = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if count > limits.MAX_PAGES:
        raise PhotoError(f"{count} pictures in one file; at most {limits.MAX_PAGES} are read")
    return count


def require_few_scans(image: Image.Image) -> None:
    """Raise PhotoError for a JPEG of many scans, each of which passes over all pixels.

    Reads the whole file, which the decoder does next.
    """
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return
    assert image.fp is not None
    at, scans, last = image.fp.tell(), 0, b""
    image.fp.seek(0)
    while chunk := image.fp.read(2**20):
        scans += (last + chunk).count(START_OF_SCAN)
        last = chunk[-1:]
    image.fp.seek(at)
    if scans > limits.MAX_SCANS:
        raise PhotoError(f"{scans} scans; at most {limits.MAX_SCANS} are read")


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence Pillow, which warns of oddities (and of size) in files that it can read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def first_line(error: Exception) -> str:
    """Return the first line of an error, or what kind it is if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _open_file(path: str, flags: int) -> int:
    # Opened without waiting for the other end of a pipe; on a file the flag has no effect.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # `open` itself refuses folders
        os.close(descriptor)
        raise PhotoError("no file: a pipe, a socket or a device")
    return descriptor


def _identify(stream: Stream) -> Image.Image:
    """Open a stream's photograph; PhotoError for a TIFF of pixels that Pillow does not know."""
    metered: Any = Metered(stream, size_of(stream))
    try:
        return Image.open(metered, formats=_formats())
    except UnidentifiedImageError:
        stream.seek(0)
        if stream.read(4) not in TIFF_STARTS:
            raise
        raise PhotoError(
            "a TIFF that is damaged or whose pixels are of a kind that is not read, such as "
            "64-bit floats; save it with 8 or 16 bits per channel, 16 without transparency"
        ) from None


def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in limits.SUFFIXES if name in Image.OPEN)


def _require_bounded(image: Image.Image) -> None:
    if image.width * image.height > limits.MAX_PIXELS:
        raise Image.DecompressionBombError
    if max(image.size) > limits.MAX_SIDE:
        raise PhotoError(
            f"{image.width} x {image.height} pixels; at most {limits.MAX_SIDE} a side are read"
        )


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


def _reason(error: Exception) -> str:
    match error:
        case PhotoError():
            return str(error)
        case Image.DecompressionBombError():
            return f"larger than {limits.MAX_PIXELS // 10**6} megapixels, the most that is read"
        case UnidentifiedImageError():
            kinds = ", ".join(limits.SUFFIXES)
            return f"empty, or no photograph of a kind that is read ({kinds})"
        case MemoryError():
            return f"takes more than {limits.MEMORY / 2**30:g} GiB of memory, the most that it may"
        case OSError(strerror=str(reason)):
            return reason.lower()
    return f"damaged or cut short ({first_line(error)})"
