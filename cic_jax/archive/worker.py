"""A worker: restores a model once, and colours batches of an archive's photographs."""

import hashlib
import io
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from cic_jax import images
from cic_jax.archive import stores
from cic_jax.archive.photographs import Photograph, result_name
from cic_jax.checksums import of_arrays, of_json
from cic_jax.colorize import Colorizer, many

THREADS = 4  # that read and write files while a batch is computed


class Settings(NamedTuple):
    """How photographs are coloured: as in `Colorizer.render` and `Colorizer.predict`."""

    temperature: float = 0.38
    saturation: float = 1.0
    tau: float | None = None
    unify: float | None = None
    size: int = 256
    precision: str = "float32"  # the same colours whichever machine a photograph goes to


class _Loaded(NamedTuple):
    """A photograph that was read, with what its record says so far."""

    photo: images.Photo
    record: dict[str, Any]


class Worker:
    """Colours batches of photographs into a folder.

    Of each photograph there is one record, whatever goes wrong with it: a dictionary with "file",
    "place", "status" (coloured or failed) and "reason"; as far as it came, "bytes", "sha256" and
    "stamp" of the file, and "result", "result_bytes" and "result_sha256"; "model", the SHA-256 of
    the parameters; "settings"; and "seconds", the work on it, without waiting for others.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        out: str,
        settings: Settings = Settings(),  # noqa: B008
        factories: Collection[str] = (),
    ) -> None:
        """Restore the model. Raises CheckpointError, or OSError for an `out` that cannot be opened.

        `out` is the path or URL of the folder; `factories` are as in `checkpoint.load`.
        """
        self.settings = settings
        self.out = stores.Folder(out)
        # An archive repays the loading of the fastest kernels, however large the share.
        self._colorizer = Colorizer.restore(
            checkpoint, settings.size, 10**6, settings.precision, factories=factories
        )
        self.model = _checksum(self._colorizer, Path(checkpoint))
        self._threads = ThreadPoolExecutor(THREADS)

    def __call__(self, photographs: Sequence[Photograph]) -> list[dict[str, Any]]:
        """Colour a batch and return a record for each photograph, in order."""
        return self.finish(self.begin(photographs))

    def begin(self, photographs: Sequence[Photograph]) -> list[tuple[Photograph, Future[_Loaded]]]:
        """Begin to read a batch, while another is computed."""
        return [(x, self._threads.submit(self._load, x)) for x in photographs]

    def finish(self, batch: Sequence[tuple[Photograph, "Future[_Loaded]"]]) -> list[dict[str, Any]]:
        """Colour a batch that was begun, and return its records."""
        loaded: list[_Loaded] = []
        records: list[dict[str, Any]] = []
        for photograph, future in batch:
            record = self._record(photograph)
            records.append(record)
            try:
                read = future.result()
            except Exception as error:  # whatever it is, the others go on
                self._fail(record, error)
                continue
            record |= read.record
            loaded.append(read._replace(record=record))
        for read, saved in self._paint(loaded):
            try:
                saved.result()
                read.record["status"] = "coloured"
            except Exception as error:
                self._fail(read.record, error)
        return records

    def end(self) -> None:
        """End the threads; what was only begun is left."""
        self._threads.shutdown(cancel_futures=True)

    def _record(self, photograph: Photograph) -> dict[str, Any]:
        return {
            "file": photograph.name,
            "place": photograph.place,
            "status": "failed",
            "model": self.model,
            "settings": self.settings._asdict(),
        }

    def _fail(self, record: dict[str, Any], error: Exception) -> None:
        """Say in one line why nothing came of a photograph."""
        reason = str(error)
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror.lower()
        for name in ("the stream", record["file"]):
            reason = reason.removeprefix(f"{name}: ")
        record["reason"] = (reason.splitlines() or [type(error).__name__])[0]

    def _load(self, photograph: Photograph) -> _Loaded:
        """Read a photograph. Raises PhotoError, OSError or what a store's library raises."""
        start = time.perf_counter()
        if self.out.holds(photograph.name):
            raise images.PhotoError("is in the output folder itself; name another")
        stamp = stores.stamp(photograph.name)  # before reading: a change meanwhile is noticed later
        content = stores.read(photograph.name)
        about = {"bytes": len(content), "sha256": _digest(content), "stamp": stamp}
        photo = images.read(content)
        about["result"] = result_name(photograph.place, photo.format)
        about["seconds"] = time.perf_counter() - start
        return _Loaded(photo, about)

    def _paint(self, loaded: list[_Loaded]) -> list[tuple[_Loaded, Future[None]]]:
        """Colour photographs, and begin to write those that could be; the rest are failures."""
        saved = []
        temperature, saturation, tau, unify, *_ = self.settings
        left = dict(enumerate(loaded))
        try:
            start = time.perf_counter()
            for place, prediction in many.predict(
                self._colorizer, [read.photo.rgb for read in loaded], unify
            ):
                rgb = self._colorizer.render(prediction, temperature, saturation, tau)
                read = left.pop(place)
                read.record["seconds"] += time.perf_counter() - start
                start = time.perf_counter()
                saved.append((read, self._threads.submit(self._save, read, rgb)))
        except Exception as error:  # such as too little memory on a device
            for read in left.values():
                self._fail(read.record, error)
        return saved

    def _save(self, read: _Loaded, rgb: Any) -> None:
        """Write a result, and complete its record."""
        start = time.perf_counter()
        encoded = io.BytesIO()
        images.encode(encoded, rgb, replace(read.photo, path=None))
        content = encoded.getvalue()
        self.out.write(read.record["result"], content)
        read.record["result_bytes"] = len(content)
        read.record["result_sha256"] = _digest(content)
        read.record["seconds"] = round(read.record["seconds"] + time.perf_counter() - start, 3)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checksum(colorizer: Colorizer, path: Path) -> str:
    """Return the SHA-256 of a model: its description and parameters, or its file."""
    if path.is_file():
        return _digest(path.read_bytes())
    model = colorizer.model
    return of_json({"about": model.description, "arrays": of_arrays(model.variables)})
