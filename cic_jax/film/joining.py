"""Parts of a film and the sound of its source, joined; nothing is encoded again."""

import heapq
import io
import os
import uuid
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.film.containers import open_container, picture_stream, required
from cic_jax.film.limits import FilmError
from cic_jax.film.reading import Film
from cic_jax.film.writing import Part, exact_times, format_of

if TYPE_CHECKING:
    import av
    from av.container import InputContainer, OutputContainer

CARRIED = ("audio", "subtitle")  # kinds of streams that are copied


def join(parts: Sequence[Part], film: Film, target: Path, whole: bool = True) -> None:
    """Join parts to a film at `target`, with the sound, subtitles and chapters of their source.

    The file appears whole or not at all. Unless the film is `whole`, sound ends with the pictures.
    Raises FilmError, or OSError where it cannot be written.
    """
    av = required()
    format = format_of(target)
    hidden = target.with_name(f".{uuid.uuid4().hex}.part")
    options = {}
    if format in ("mp4", "mov"):
        options = exact_times(film.look.time_base) | {"movflags": "+faststart"}
    try:
        with (
            open_container(film.path) as source,
            av.open(str(hidden), "w", format=format, options=options) as out,
        ):
            with av.open(str(parts[0].path)) as first:
                video = out.add_stream_from_template(first.streams.video[0])
            if film.look.matrix is not None:
                video.set_display_matrix(film.look.matrix)
            copies = {s.index: _copy(s, out) for s in source.streams if _holds(format, s)}
            _describe(source, out)
            packets = [_video(parts, video, film.look.time_base)]
            if copies:
                end = None if whole else _end(parts[-1], film.look.time_base)
                packets.append(_copied(source, copies, end))
            for _, _, packet in heapq.merge(*packets, key=lambda timed: timed[:2]):
                out.mux(packet)
        os.replace(hidden, target)
    except (av.FFmpegError, OSError) as error:
        raise FilmError(f"{target}: could not be written: {error.strerror}") from error
    finally:
        hidden.unlink(missing_ok=True)


def left_out(film: Film, target: Path) -> list[str]:
    """Name the streams of a film that a result cannot have. Raises FilmError for its sound."""
    format = format_of(target)
    lines = []
    with open_container(film.path) as source:
        pictures = picture_stream(source)
        for stream in source.streams:
            if _holds(format, stream) or stream.index == pictures.index:
                continue
            kind, name = stream.type, _name(stream)
            if kind == "audio":
                raise FilmError(
                    f"{film.path}: its sound ({name}) does not fit in a {target.suffix}; name "
                    "another kind of result, such as .mkv"
                )
            lines.append(f"{kind} ({name}) is left out")
    return lines


def _name(stream: "av.stream.Stream") -> str:
    return "unknown" if stream.codec_context is None else stream.codec_context.name


def _holds(format: str, stream: "av.stream.Stream") -> bool:
    """Return whether a stream is copied to a film of that format."""
    if stream.type not in CARRIED or stream.codec_context is None:
        return False
    av = required()
    try:
        with av.open(io.BytesIO(), "w", format=format) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    return True


def _copy(stream: "av.stream.Stream", out: "OutputContainer") -> "av.stream.Stream":
    """Add a stream like another, with its language, title and disposition."""
    copy = out.add_stream_from_template(stream)
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def _describe(source: "InputContainer", out: "OutputContainer") -> None:
    """Copy the title, date and the like, and the chapters."""
    brands = ("major_brand", "minor_version", "compatible_brands", "encoder")
    out.metadata.update({k: v for k, v in source.metadata.items() if k not in brands})
    if chapters := source.chapters():
        out.set_chapters(chapters)


def _video(
    parts: Sequence[Part], stream: "av.VideoStream", time_base: Fraction
) -> "Iterator[tuple[Fraction, int, av.Packet]]":
    """Yield the packets of all parts, at their times in the film, each after its seconds."""
    last: int | None = None
    for part in parts:
        with required().open(str(part.path)) as container:
            for packet in container.demux(video=0):
                if packet.dts is None:
                    continue
                offset = round(part.start * time_base / packet.time_base)
                # The first packets of a part are decoded before they are shown; where its pictures
                # last longer than those of the part before, that would be too early.
                dts = packet.dts + offset
                dts = dts if last is None else max(dts, last + 1)
                packet.pts, packet.dts, last = packet.pts + offset, dts, dts
                packet.stream = stream
                yield dts * packet.time_base, 0, packet


def _copied(
    source: "InputContainer", copies: "dict[int, av.stream.Stream]", end: Fraction | None
) -> "Iterator[tuple[Fraction, int, av.Packet]]":
    """Yield the packets of the streams that are copied, up to `end`, each after its seconds."""
    av = required()
    packets = source.demux([source.streams[index] for index in copies])
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):  # the film is cut short or damaged, which was said
            continue
        if packet is None:
            return
        if packet.dts is None:
            continue
        seconds = packet.dts * packet.time_base
        if end is not None and seconds >= end:
            continue
        packet.stream = copies[packet.stream.index]
        yield seconds, packet.stream.index, packet


def _end(part: Part, time_base: Fraction) -> Fraction:
    with required().open(str(part.path)) as container:
        stream = container.streams.video[0]
        return part.start * time_base + (stream.duration or 0) * stream.time_base
