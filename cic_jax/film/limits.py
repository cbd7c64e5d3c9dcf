"""The films that are read and written, and the bounds within which they are."""

from pathlib import Path

# What is read: FFmpeg's names of formats. No other reader sees a file, whatever its name: some are
# lists of other files, or of addresses.
FORMATS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpeg", "mpegts", "mpegvideo", "ogg"),
    *("asf", "flv", "mxf", "dv", "nut", "h264", "hevc", "m4v", "yuv4mpegpipe"),
)
WRITTEN = {  # suffix -> FFmpeg's name of the format
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
# Suffixes of films that are read, but written as .mkv, which holds any sound.
READ_ONLY = (
    *(".avi", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".ogv", ".wmv", ".asf", ".flv"),
    *(".3gp", ".3g2", ".mxf", ".dv", ".nut", ".y4m"),
)

MAX_PIXELS = 8192 * 4320  # of a picture
HIGHEST_RANGE = (16, 18)  # transfers of high dynamic range, PQ and HLG; they are not read


class FilmError(ValueError):
    """A film that cannot be read or written, in one line."""


def is_film(path: str | Path) -> bool:
    """Return whether a file is named like a film."""
    return Path(path).suffix.lower() in (*WRITTEN, *READ_ONLY)


def output_name(path: Path) -> Path:
    """Return `path` with the suffix in which a film of that name is written."""
    return path if path.suffix.lower() in WRITTEN else path.with_suffix(".mkv")
