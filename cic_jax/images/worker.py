"""Decoding and encoding in processes of their own, which are ended at the bounds of `limits`."""

import atexit
import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from cic_jax.images import limits, wire
from cic_jax.images.decode import Photo, PhotoError
from cic_jax.images.source import Source, described, open_stream, size_of

PROCESSES = max(1, min(8, os.cpu_count() or 1))  # at a time; each may take `limits.MEMORY`
COMMAND = [sys.executable, "-P", "-m", "cic_jax.images.child"]
CHUNK = 2**20
Result = TypeVar("Result")
Sink = io.BufferedIOBase | tempfile.SpooledTemporaryFile


class Worker:
    """A process that answers one request after the other, started anew after it was ended."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None

    def ask(
        self,
        request: dict[str, Any],
        blocks: Sequence[wire.Block | None],
        take: Callable[[dict[str, Any], IO[bytes]], Result],
    ) -> Result:
        """Send a request; return what `take` makes of the answer and the stream of its blocks.

        Raises PhotoError with the answer's error, or if the process ends before it has answered.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        end = threading.Timer(limits.SECONDS, process.kill)
        end.start()
        try:
            wire.send(process.stdin, request, blocks)
            answer = wire.receive(process.stdout)
            if "error" not in answer:
                return take(answer, process.stdout)
        except (EOFError, BrokenPipeError):
            self.end()
            raise PhotoError(_reason(process.returncode)) from None
        except BaseException:  # Ctrl-C: what is left in the pipes is of no use to anybody
            self.end()
            raise
        finally:
            end.cancel()
        raise PhotoError(answer["error"])

    def end(self) -> None:
        """End the process, whatever it does."""
        self.kill()
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def kill(self) -> None:
        """Let the process end; from a signal's handler and from other threads, too."""
        if (process := self._process) is not None:
            process.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    COMMAND,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,  # Ctrl-C is for the caller to handle
                )
            except OSError as error:  # no memory, too many processes or open files
                reason = str(error.strerror).lower()
                raise PhotoError(f"its decoder cannot be started: {reason}") from error
        return self._process


class Pool:
    """A few workers, each started when it is first needed."""

    def __init__(self, size: int) -> None:
        """Make a pool of `size` workers."""
        self._free = threading.BoundedSemaphore(size)
        self._idle: list[Worker] = []
        self._all: list[Worker] = []

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """Wait for a worker that is idle."""
        with self._free:
            try:
                worker = self._idle.pop()
            except IndexError:
                worker = Worker()
                self._all.append(worker)
            try:
                yield worker
            finally:
                self._idle.append(worker)

    def kill(self) -> None:
        """Let all processes end; each is cleared away by the thread that uses it."""
        for worker in list(self._all):
            worker.kill()

    def end(self) -> None:
        """End the processes that nobody uses."""
        while self._idle:
            self._idle.pop().end()


_POOL = Pool(PROCESSES)


atexit.register(_POOL.end)


def end_workers() -> None:
    """End what is being decoded or encoded, as the program ends: it raises PhotoError."""
    _POOL.kill()


def identify(source: Source) -> str:
    """Return the format of a file, as `reading.identify` does."""
    return _read({"do": "identify"}, source, lambda answer, _: answer["format"])


def read(source: Source) -> Photo:
    """Read a photograph, as `reading.read` does, but for its path."""

    def photo(answer: dict[str, Any], stream: IO[bytes]) -> Photo:
        rgb, alpha, exif, icc = (
            None if size is None else wire.take(stream, size) for size in answer["sizes"]
        )
        assert rgb is not None
        about = answer["about"]
        return Photo(
            rgb=_pixels(rgb, answer["shapes"][0]),
            alpha=None if alpha is None else _pixels(alpha, answer["shapes"][1]),
            exif=None if exif is None else bytes(exif),
            icc=None if icc is None else bytes(icc),
            dpi=None if about["dpi"] is None else tuple(about["dpi"]),
            format=about["format"],
            frames=about["frames"],
        )

    return _read({"do": "read"}, source, photo)


def read_rgb(source: Source, short_side: int = 0) -> Image.Image:
    """Read RGB pixels, as `reading.read_rgb` does."""

    def picture(answer: dict[str, Any], stream: IO[bytes]) -> Image.Image:
        return Image.fromarray(_pixels(wire.take(stream, answer["sizes"][0]), answer["shape"]))

    return _read({"do": "read_rgb", "short_side": short_side}, source, picture)


def encode(file: Sink, rgb: UInt8[np.ndarray, "h w 3"], like: Photo) -> None:
    """Encode a photograph as `output.encode` does, and write it in parts: it is never held."""

    def write(answer: dict[str, Any], stream: IO[bytes]) -> None:
        left = answer["sizes"][0]
        while left:
            left -= file.write(wire.take(stream, min(CHUNK, left)))

    request = {"do": "encode", "size": rgb.shape[:2], "dpi": like.dpi, "format": like.format}
    alpha = None if like.alpha is None else np.ascontiguousarray(like.alpha).data
    blocks = [np.ascontiguousarray(rgb).data, alpha, like.exif, like.icc]
    with _POOL.worker() as worker:
        worker.ask(request, blocks, write)


def _read(
    request: dict[str, Any], source: Source, take: Callable[[dict[str, Any], IO[bytes]], Result]
) -> Result:
    if isinstance(source, str | Path):
        request, blocks = request | {"path": os.path.abspath(source)}, []
    else:
        with described(source), open_stream(source) as stream:
            size_of(stream)
            blocks = [stream.read()]
    with _POOL.worker() as worker:
        try:
            return worker.ask(request, blocks, take)
        except PhotoError as error:
            raise PhotoError(_named(str(error), request, source)) from None


def _named(message: str, request: dict[str, Any], source: Source) -> str:
    """Name the source in a message as the caller does."""
    inside, given = request.get("path", "the stream"), "the stream"
    if isinstance(source, str | Path):
        given = str(source)
    return f"{given}: {message.removeprefix(f'{inside}: ')}"


def _reason(status: int) -> str:
    if -status in (getattr(signal, "SIGPROF", None), getattr(signal, "SIGKILL", None)):
        most = f"{limits.CPU_SECONDS} s, {limits.MEMORY / 2**30:g} GiB"
        return f"takes more time or memory to decode than it may ({most})"
    return f"damaged: its decoder ended with status {status}"


def _pixels(block: bytearray, shape: Sequence[int]) -> UInt8[np.ndarray, "..."]:
    return np.frombuffer(block, np.uint8).reshape(shape)


def _environment() -> dict[str, str]:
    """Return the environment, in which this package is found and one thread is enough."""
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
