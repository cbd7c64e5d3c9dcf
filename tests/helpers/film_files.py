"""Films for the tests, made by PyAV: pictures that move, with sound, tags and odd times."""

from fractions import Fraction

import av
import numpy as np

from cic_jax import scenes
from cic_jax.scenes.moving import shoot

SIZE = 64
TICKS = Fraction(1, 30000)


def shots(*lengths, size=SIZE):
    """Pictures of one drawn shot after another."""
    return [frame for i, n in enumerate(lengths) for frame in shoot(3, i, n, size)]


def times(count):
    """Times that are not evenly spaced, in ticks."""
    return list(3000 + np.cumsum([1001 * (1 + i % 3) for i in range(count)]))


def write(
    path,
    pictures,
    *,
    ticks=None,
    rotation=0,
    tags=(6, 6, 6, 1),
    aspect=Fraction(1),
    sound="aac",
    codec="libx264",
    options=None,
    pix_fmt="yuv420p",
    flags=0,
):
    """Write a film; its pictures are as long as the times in `ticks` say."""
    ticks = ticks or times(len(pictures))
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=Fraction(15), options=options or {"crf": "10"})
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = pix_fmt
        context = video.codec_context
        video.time_base = context.time_base = TICKS
        context.flags |= flags
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        context.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        audio = out.add_stream(sound, rate=48000) if sound else None
        for picture, time in zip(pictures, ticks, strict=True):
            frame = av.VideoFrame.from_ndarray(picture).reformat(
                format=pix_fmt, dst_colorspace=5, dst_color_range=tags[3] or 1
            )
            frame.pts, frame.time_base = int(time), TICKS
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for i in range(round(48 * (ticks[-1] / 30) / 1024) if audio else 0):
            tone = np.sin(np.arange(1024 * i, 1024 * (i + 1)) * 0.06)[None]
            frame = av.AudioFrame.from_ndarray(tone.astype(np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 1024 * i, Fraction(1, 48000)
            out.mux(audio.encode(frame))
        if audio:
            out.mux(audio.encode(None))
    return path


def seen(path):
    """What a player is told: times, tags, aspect, rotation and size; and the packets of sound."""
    with av.open(str(path)) as film:
        video = film.streams.video[0]
        context, frames = video.codec_context, list(film.decode(video))
        tags = context.color_primaries, context.color_trc, context.colorspace, context.color_range
        told = {
            "times": [frame.pts * video.time_base for frame in frames],
            "tags": tags,
            "aspect": video.sample_aspect_ratio,
            "rotation": frames[0].rotation,
            "size": (frames[0].width, frames[0].height),
        }
    with av.open(str(path)) as film:
        packets = film.demux(audio=0) if film.streams.audio else ()
        return told, [(p.pts, bytes(p)) for p in packets if p.dts is not None]


def pictures(path):
    """Decode a film's pictures as RGB."""
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])


def scene(index, size=SIZE):
    return scenes.draw(3, index, size).image
