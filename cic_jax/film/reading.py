"""Films as a stream of upright RGB pictures; what cannot be decoded is counted, not fatal."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from cic_jax.film.containers import opened, picture_stream, required, seconds_stated
from cic_jax.film.limits import HIGHEST_RANGE, MAX_PIXELS, FilmError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

UNSPECIFIED, RGB = 2, 0  # matrices, by their numbers in ITU-T H.273
# Matrices by their numbers in H.273 -> those of FFmpeg's scaler
SCALERS = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
HD = 720  # lines from which on an unspecified matrix is that of BT.709, below BT.601
MOST_DAMAGED = 10_000  # parts that cannot be decoded, after which a film is given up
SHORT = 1.0  # seconds by which a film may end before the end that it states


class Colours(NamedTuple):
    """Colour tags by their numbers in ITU-T H.273, and the range: 0 unknown, 1 limited, 2 full."""

    primaries: int
    transfer: int
    matrix: int
    range: int

    def scaler(self, height: int) -> int:
        """Return the matrix as FFmpeg's scaler numbers it."""
        return SCALERS.get(self.matrix, 1 if height >= HD else 5)


class Look(NamedTuple):
    """What a player needs to show the pictures of a film."""

    width: int  # as stored, before rotation
    height: int
    aspect: Fraction  # width of a pixel in its height
    turns: int  # quarter turns counter-clockwise until it is upright
    matrix: tuple[int, ...] | None  # the transformation that says so, as stored
    colours: Colours
    time_base: Fraction  # seconds
    rate: Fraction  # pictures a second, on the average


class Picture(NamedTuple):
    """A picture of a film, upright."""

    number: int  # from 0
    pixels: UInt8[np.ndarray, "h w 3"]
    time: int  # in units of the time base
    duration: int


class Film:
    """A film to read from the start."""

    def __init__(self, path: Path) -> None:
        """Open a film and decode its first picture. Raises FilmError.

        `complaints` fills with what is wrong with it, a line each, as the pictures are read.
        """
        self.path = path
        self.complaints: list[str] = []
        with opened(path) as container:
            stream = picture_stream(container)
            first = next(_decoded(container, [0]), None)
            if first is None:
                raise FilmError(f"{path}: none of its pictures could be decoded")
            self.look = _look(path, stream, first)
            self.seconds = seconds_stated(container, stream)
            self.start = first.pts if first.pts is not None else 0
        self.pictures_stated = stream.frames or round(self.seconds * self.look.rate)

    def pictures(self, first: int = 0) -> Iterator[Picture]:
        """Yield the pictures in order of time, from number `first` on; what precedes is decoded."""
        damaged = [0]
        with opened(self.path) as container:
            stream = picture_stream(container)
            last: int | None = None
            step = max(1, round(1 / (self.look.rate * self.look.time_base)))
            resized = False
            for index, frame in enumerate(_progressive(_decoded(container, damaged), stream)):
                time = frame.pts if frame.pts is not None else (0 if last is None else last + step)
                last = time = time if last is None else max(time, last + 1)
                if (frame.width, frame.height) != self.look[:2] and not resized:
                    resized = True
                    self._complain("its size changes; all pictures get that of the first")
                if index >= first:
                    yield Picture(index, self._upright(frame), time, frame.duration or step)
        if damaged[0]:
            self._complain(f"damaged: {damaged[0]} parts could not be decoded, and were left out")
        end = 0.0 if last is None else float((last - self.start) * self.look.time_base)
        if self.seconds - end > SHORT + float(1 / self.look.rate):
            self._complain(f"cut short: it ends after {end:.1f} of {self.seconds:.1f} seconds")

    def _upright(self, frame: "av.VideoFrame") -> UInt8[np.ndarray, "h w 3"]:
        look = self.look
        rgb = frame.reformat(
            look.width,
            look.height,
            "rgb24",
            src_colorspace=look.colours.scaler(look.height),
            src_color_range=look.colours.range,
            interpolation=exact(),
        )
        return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), look.turns))

    def _complain(self, reason: str) -> None:
        if reason not in self.complaints:
            self.complaints.append(reason)


def exact() -> int:
    """Return the settings of FFmpeg's scaler with which its results are always the same.

    By default they depend on where in memory the pictures happen to lie.
    """
    how = required().video.reformatter.Interpolation
    return how.BICUBIC | how.ACCURATE_RND | how.BITEXACT | how.FULL_CHR_H_INT


def _decoded(container: "InputContainer", damaged: list[int]) -> "Iterator[av.VideoFrame]":
    """Yield the frames that can be decoded; `damaged` counts what cannot."""
    av = required()
    stream = picture_stream(container)
    packets = container.demux(stream)
    while True:
        frames = []
        try:
            packet = next(packets, None)
            if packet is None:
                return
            reading = packet
            frames = packet.decode()
        except av.EOFError:
            return
        except (av.FFmpegError, OSError):
            damaged[0] += 1
            if damaged[0] > MOST_DAMAGED:
                return
            if packet is not reading:  # it was not the decoder: read on after what is damaged
                packets = container.demux(stream)
        for frame in frames:
            if frame.is_corrupt:
                damaged[0] += 1
            else:
                yield frame


def _progressive(
    frames: "Iterator[av.VideoFrame]", stream: "av.VideoStream"
) -> "Iterator[av.VideoFrame]":
    """Join the fields of interlaced frames (FFmpeg's bwdif), from the first such frame on."""
    av = required()
    graph = None
    for frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield frame
            continue
        if graph is None:
            graph = av.filter.Graph()
            size = {"width": frame.width, "height": frame.height, "format": frame.format}
            source = graph.add_buffer(**size, time_base=stream.time_base)
            joined = graph.add("bwdif", "mode=send_frame:deint=interlaced")
            graph.link_nodes(source, joined, graph.add("buffersink")).configure()
        graph.vpush(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.vpush(None)
        yield from _pulled(graph)


def _pulled(graph: "av.filter.Graph") -> "Iterator[av.VideoFrame]":
    av = required()
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def _look(path: Path, stream: "av.VideoStream", first: "av.VideoFrame") -> Look:
    if first.width * first.height > MAX_PIXELS:
        most = f"{MAX_PIXELS / 1e6:.0f} megapixels"
        raise FilmError(f"{path}: expected at most {most}, got {first.width} x {first.height}")
    tags = first.color_primaries, first.color_trc, first.colorspace, first.color_range
    colours = Colours(*map(int, tags))
    if colours.transfer in HIGHEST_RANGE:
        raise FilmError(f"{path}: has high dynamic range; convert it to BT.709 first")
    if colours.matrix == RGB:
        colours = colours._replace(matrix=1, range=1)
    if first.format.name.startswith("yuvj"):
        colours = colours._replace(range=2)
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return Look(
        first.width,
        first.height,
        stream.sample_aspect_ratio or Fraction(1),
        round(first.rotation / 90) % 4,
        _matrix(first),
        colours,
        stream.time_base or 1 / rate,
        rate,
    )


def _matrix(frame: "av.VideoFrame") -> tuple[int, ...] | None:
    """Return the display matrix of a frame: nine integers, as FFmpeg has them."""
    from av.sidedata.sidedata import Type

    data: Any = frame.side_data
    if Type.DISPLAYMATRIX not in data:
        return None
    return tuple(np.frombuffer(bytes(data[Type.DISPLAYMATRIX]), np.int32).tolist())
