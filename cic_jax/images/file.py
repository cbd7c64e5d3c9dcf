"""Photograph files: common formats read as upright sRGB, in a process that can be ended.

A plain photograph is decoded in the calling process, any other in one of its own, which is ended
at the bounds of `limits`.
"""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from cic_jax.images import reading, worker
from cic_jax.images.decode import Photo
from cic_jax.images.plain import is_plain
from cic_jax.images.source import Source


def identify(source: Source) -> str:
    """Return the format of a file, a key of `SUFFIXES`, by its content. Raises PhotoError."""
    return reading.identify(source) if is_plain(source) else worker.identify(source)


def read(source: Source, isolated: bool = False) -> Photo:
    """Read a photograph of at most 100 megapixels.

    Of several pages or frames the first is read. Raises PhotoError for a source that is missing,
    empty, damaged, cut short, too large, a camera's RAW file or no photograph, and for one that
    takes too long or too much memory. With `isolated`, nothing is decoded in the calling process.
    """
    if not isolated and is_plain(source):
        return reading.read(source)
    path = Path(source) if isinstance(source, str | Path) else None
    return replace(worker.read(source), path=path)


def read_rgb(source: Source, short_side: int = 0) -> Image.Image:
    """Read a photograph as opaque RGB pixels, upright, in sRGB: grey and transparency over white.

    With a `short_side`, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which takes far less
    time; at least twice the short side remains for a resampling filter. Raises PhotoError as `read`
    does. Threads may call it.
    """
    if is_plain(source):
        return reading.read_rgb(source, short_side)
    return worker.read_rgb(source, short_side)
