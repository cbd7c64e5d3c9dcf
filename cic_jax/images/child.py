"""The process in which photographs that could take long are decoded, one after the other.

`cic_jax.images.worker` starts it, and ends it at the bounds of `limits`.
"""

import io
import os
import signal
import sys
import warnings
from contextlib import suppress
from typing import IO, Any

import numpy as np
import pillow_heif

from cic_jax.images import limits, output, reading, wire
from cic_jax.images.decode import Photo, PhotoError


def main() -> None:
    """Answer requests on standard input until it ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    warnings.simplefilter("ignore")
    _limit_memory()
    pillow_heif.register_heif_opener(thumbnails=False)
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = wire.receive(requests)
            blocks = [None if n is None else wire.take(requests, n) for n in request["sizes"]]
            if request["do"] != "encode":  # the work of encoding is bounded by the pixels
                _limit_time(limits.CPU_SECONDS)
            _answer(answers, request, blocks)
            _limit_time(0)


def _answer(stream: IO[bytes], request: dict[str, Any], blocks: list[bytearray | None]) -> None:
    try:
        message, parts = ANSWERS[request["do"]](request, blocks)
    except PhotoError as error:
        message, parts = {"error": str(error)}, []
    wire.send(stream, message, parts)


def _identify(request, blocks):
    return {"format": reading.identify(_source(request, blocks))}, []


def _read(request, blocks):
    photo = reading.read(_source(request, blocks))
    shapes = [None if x is None else x.shape for x in (photo.rgb, photo.alpha)]
    pixels = [None if x is None else np.ascontiguousarray(x) for x in (photo.rgb, photo.alpha)]
    about = {"dpi": photo.dpi, "format": photo.format, "frames": photo.frames}
    return {"shapes": shapes, "about": about}, [*pixels, photo.exif, photo.icc]


def _read_rgb(request, blocks):
    rgb = np.asarray(reading.read_rgb(_source(request, blocks), request["short_side"]))
    return {"shape": rgb.shape}, [np.ascontiguousarray(rgb)]


def _encode(request, blocks):
    rgb, alpha, exif, icc = blocks
    height, width = request["size"]
    like = Photo(
        rgb=np.zeros((1, 1), np.uint8),
        alpha=None if alpha is None else np.frombuffer(alpha, np.uint8).reshape(height, width),
        exif=None if exif is None else bytes(exif),
        icc=None if icc is None else bytes(icc),
        dpi=None if request["dpi"] is None else tuple(request["dpi"]),
        format=request["format"],
    )
    file = io.BytesIO()
    output.encode(file, np.frombuffer(rgb, np.uint8).reshape(height, width, 3), like)
    return {}, [file.getbuffer()]


ANSWERS = {"identify": _identify, "read": _read, "read_rgb": _read_rgb, "encode": _encode}


def _source(request, blocks):
    return bytes(blocks[0]) if "path" not in request else request["path"]


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows; the bound of time holds there all the same
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = limits.MEMORY if hard == resource.RLIM_INFINITY else min(limits.MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _limit_time(seconds: float) -> None:
    """Have the process ended, by SIGPROF, after so many seconds of its processor's time; 0: not."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
