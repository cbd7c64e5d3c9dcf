"""Files of films, opened by FFmpeg's libraries (PyAV)."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cic_jax.film.limits import FORMATS, FilmError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer


def required() -> Any:
    """Import PyAV, or raise FilmError that says how to get it."""
    try:
        import av
    except ImportError as error:
        raise FilmError(f"films need PyAV ({error}): pip install '.[video]'") from error
    return av


def open_container(path: Path) -> "InputContainer":
    """Open a file with the formats of `FORMATS` alone, and no other file. Raises FilmError."""
    av = required()
    if not path.is_file():
        raise FilmError(f"{path}: {'is no file' if path.exists() else 'does not exist'}")
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path.resolve()}", options=options)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise FilmError(f"{path}: is no film that can be read: {reason}") from error


@contextlib.contextmanager
def opened(path: Path) -> "Iterator[InputContainer]":
    """Open a file that has pictures, with the formats of `FORMATS` alone. Raises FilmError."""
    container = open_container(path)
    with container:
        if not container.streams.video:
            raise FilmError(f"{path}: has no pictures")
        picture_stream(container).thread_type = "AUTO"
        yield container


def picture_stream(container: "InputContainer") -> "av.VideoStream":
    """Return the first stream of pictures that is no cover."""
    from av.stream import Disposition

    streams = container.streams.video
    return next((s for s in streams if not s.disposition & Disposition.attached_pic), streams[0])


def seconds_stated(container: "InputContainer", stream: "av.VideoStream") -> float:
    """Return the length that the file states; 0 where it states none."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if stated := re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = map(float, stated.groups())  # as Matroska has it
        return 3600 * hours + 60 * minutes + seconds
    return (container.duration or 0) / 1e6
