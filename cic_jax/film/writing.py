"""Encoding of the pictures of a part of a film."""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from cic_jax.film.containers import required
from cic_jax.film.limits import WRITTEN, FilmError
from cic_jax.film.reading import Look, exact

# H.264 at a constant quality that hardly differs from the pictures; VP9 where WebM asks for it.
CODECS: dict[str, tuple[str, dict[str, str]]] = {
    "webm": ("libvpx-vp9", {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1"}),
}
# Without x264's trees of macroblocks: with them, equal pictures do not always become equal bytes.
USUAL = ("libx264", {"crf": "17", "preset": "medium", "x264-params": "mbtree=0"})
PART = "mp4"  # the format of parts, whatever that of the film: it keeps times exactly


class Part(NamedTuple):
    """A part of a film, in a file of its own whose times begin at 0."""

    path: Path
    start: int  # in units of the film's time base


def format_of(path: Path) -> str:
    """Return FFmpeg's name of the format of a result. Raises FilmError for an unknown suffix."""
    try:
        return WRITTEN[path.suffix.lower()]
    except KeyError:
        known = " ".join(WRITTEN)
        raise FilmError(f"{path}: expected a film's name that ends in one of {known}") from None


class Encoder:
    """A part of a film that is being written. Close it, or discard the file."""

    def __init__(self, path: Path, look: Look, format: str) -> None:
        """Create the file. Raises FilmError or OSError."""
        av = required()
        codec, options = CODECS.get(format, USUAL)
        if codec not in av.codecs_available:
            raise FilmError(f"PyAV was built without {codec}, which {format} needs")
        self._look = look
        self._container = av.open(str(path), "w", format=PART, options=exact_times(look.time_base))
        self._stream = self._container.add_stream(codec, rate=look.rate, options=options)
        stream, colours = self._stream, look.colours
        stream.width, stream.height = even(look.width), even(look.height)
        stream.pix_fmt = "yuvj420p" if colours.range == 2 and codec == USUAL[0] else "yuv420p"
        context = stream.codec_context
        stream.time_base = context.time_base = look.time_base
        context.sample_aspect_ratio = look.aspect
        context.color_primaries, context.color_trc = colours.primaries, colours.transfer
        context.colorspace, context.color_range = colours.matrix, colours.range
        self.start = 0  # of its times, in the film
        self.pictures = 0

    def write(self, pixels: UInt8[np.ndarray, "h w 3"], time: int, duration: int) -> None:
        """Encode an upright picture; `time` is that in the film. Raises OSError on a full disk."""
        look, av = self._look, required()
        self.start = self.start if self.pictures else time
        self.pictures += 1
        stored = np.rot90(pixels, -look.turns)
        # 4:2:0 needs even sides; the last row or column is repeated.
        missing = [(0, side % 2) for side in stored.shape[:2]]
        stored = np.ascontiguousarray(np.pad(stored, [*missing, (0, 0)], mode="edge"))
        frame = av.VideoFrame.from_ndarray(stored, "rgb24").reformat(
            format=self._stream.pix_fmt,
            dst_colorspace=look.colours.scaler(look.height),
            dst_color_range=look.colours.range or 1,
            interpolation=exact(),
        )
        frame.pts, frame.duration = time - self.start, duration
        frame.time_base = look.time_base
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


def even(side: int) -> int:
    """Return the next even number of pixels."""
    return side + side % 2


def exact_times(time_base: Fraction) -> dict[str, str]:
    """Return the options of MP4 with which all times are exact."""
    scale = str(time_base.denominator)
    return {"movie_timescale": scale, "video_track_timescale": scale}
