"""The parts of a film that are done, kept beside the result until all are.

A hidden folder holds each part as a film that can be played, the means that the next one goes on
with, and a journal: a line of JSON for each part. What the journal does not name is not done.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cic_jax.film.limits import FilmError
from cic_jax.film.steady import Mean
from cic_jax.film.writing import Part

JOURNAL = "journal.jsonl"
OPEN = "open.mp4"  # the part that is being written


class Done(NamedTuple):
    """A part that is done: its number, its pictures and the start of its times."""

    number: int
    first: int
    pictures: int
    start: int


class Parts:
    """The parts of one result."""

    def __init__(self, target: Path, making: dict[str, Any]) -> None:
        """Find what was done, and begin or go on. Raises FilmError if it was made otherwise.

        `making` says, in JSON, from what and how the film is made.
        """
        self.folder = folder_of(target)
        self.done: list[Done] = []
        self._making = json.loads(json.dumps(making))
        lines = self._lines()
        if lines:
            if lines[0] != self._making:
                keys = sorted(k for k in self._making if lines[0].get(k) != self._making[k])
                raise FilmError(
                    f"{target}: was begun otherwise ({', '.join(keys)}); repeat that command, or "
                    "begin anew with --overwrite"
                )
            for line in lines[1:]:
                done = Done(**line)
                if not self._path(done.number).is_file():
                    break
                self.done.append(done)
        (self.folder / OPEN).unlink(missing_ok=True)
        self._write([self._making, *(done._asdict() for done in self.done)])

    @property
    def open(self) -> Path:
        """The file of the part that is being written."""
        return self.folder / OPEN

    @property
    def pictures(self) -> int:
        """The number of pictures that are done."""
        return self.done[-1].first + self.done[-1].pictures if self.done else 0

    def films(self) -> list[Part]:
        """Return the files of the parts that are done, with their times."""
        return [Part(self._path(done.number), done.start) for done in self.done]

    def mean(self) -> Mean | None:
        """Return the means after the last part; None before the first."""
        if not self.done:
            return None
        with np.load(self._mean_path(len(self.done))) as arrays:
            return Mean(arrays["output"], arrays["pictures"])

    def add(self, pictures: int, start: int, mean: Mean) -> None:
        """Take the open part, which is finished, as done, with the means after it."""
        number = len(self.done) + 1
        np.savez(self._mean_path(number), output=mean.output, pictures=mean.pictures)
        self.open.replace(self._path(number))
        self.done.append(Done(number, self.pictures, pictures, start))
        self._write([self._making, *(done._asdict() for done in self.done)])
        self._mean_path(number - 1).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    def _write(self, lines: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        new = self.folder / f"{JOURNAL}.new"
        new.write_text(text, encoding="utf-8")
        new.replace(self.folder / JOURNAL)

    def _lines(self) -> list[dict[str, Any]]:
        """Read the journal; it is replaced whole, so it is never torn."""
        path = self.folder / JOURNAL
        if not path.is_file():
            return []
        try:
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if not all(isinstance(line, dict) for line in lines):
                raise ValueError("expected an object on each line")
        except (ValueError, RecursionError) as error:
            raise FilmError(f"{path}: is damaged ({error}); begin anew with --overwrite") from error
        return lines

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.mp4"

    def _mean_path(self, number: int) -> Path:
        return self.folder / f"{number:06}.npz"


def folder_of(target: Path) -> Path:
    """Return the folder of the parts of a result."""
    return target.with_name(f".{target.name}.parts")


def unfinished(target: Path) -> Path:
    """Return the name of the film of what is done so far."""
    return target.with_name(f"{target.stem}.unfinished{target.suffix}")


@contextlib.contextmanager
def held(target: Path) -> Iterator[None]:
    """Keep the parts of a result, whose folder is made, from other processes.

    Raises FilmError if another has them, and OSError where there can be no such folder.
    """
    folder = folder_of(target)
    folder.mkdir(exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    import fcntl

    place = os.open(folder, os.O_RDONLY)  # the system lets go of it when the process ends
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FilmError(f"{target}: another process is making it") from None
        yield
    finally:
        os.close(place)


def forget(target: Path) -> None:
    """Remove what was done of a result that is held, but not the folder by which it is held."""
    for path in folder_of(target).iterdir():
        path.unlink()
    unfinished(target).unlink(missing_ok=True)


def discard(target: Path) -> None:
    """Remove what was done of a result, if anything."""
    shutil.rmtree(folder_of(target), ignore_errors=True)
    unfinished(target).unlink(missing_ok=True)
