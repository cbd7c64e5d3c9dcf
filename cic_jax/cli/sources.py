"""A record, in the output folder, of the photograph that each result was made from.

It keeps a result from being mistaken for that of another photograph with the same name.
"""

import errno
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

RECORD = ".cic-jax-sources"  # hidden file in the output folder


class Source(NamedTuple):
    """A photograph, by its absolute path and the SHA-256 of its file, and the settings."""

    path: str
    digest: str
    settings: str = ""  # the flags that its result was made with; empty also for unknown ones


class Sources:
    """The photographs that the results in a folder were made from.

    The file has one line of JSON per result, [result, source, SHA-256 of the source, settings]; a
    later line replaces an earlier one. Settings may be missing. A line that was cut short is
    ignored: its photograph is coloured again.
    """

    def __init__(self, out: Path) -> None:
        """Read the record of the folder `out`; it may not exist yet."""
        self._out = out
        self._length = 0  # bytes of the record that were read
        self._sources = dict(self._read())

    def made(self, result: Path, photograph: Path) -> bool:
        """Return whether `result` is recorded as made from the photograph.

        It counts if it has the recorded path, changed or not, or the recorded content.
        """
        source = self._sources.get(self._name(result))
        if source is None:
            return False
        return source.path == str(photograph.resolve()) or source.digest == _digest(photograph)

    def differ(self, results: Sequence[Path], settings: str) -> bool:
        """Return whether any of `results` is recorded with other settings."""
        recorded = {self._sources[name].settings for name in map(self._name, results)}
        return not recorded <= {settings, ""}

    def add(self, results: Sequence[Path], photograph: Path, settings: str = "") -> None:
        """Record what results are made from, and how. Call before writing the results.

        No result is then ever without its record. Raises OSError if that cannot be written, or if
        a name was taken since the record was read, by another command or program.
        """
        for result in results:
            if result.exists() and not self.made(result, photograph):
                raise _taken(result)
        source = Source(str(photograph.resolve()), _digest(photograph), settings)
        names = [self._name(result) for result in results]
        # Line breaks on both sides keep these lines whole, whatever was cut short before them.
        lines = [json.dumps([name, *source]) for name in names]
        with (self._out / RECORD).open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(lines) + "\n")
        first: dict[str, Source] = {}
        for name, other in self._read():  # what commands have added meanwhile, this one among them
            self._sources[name] = first.setdefault(name, other)
        for result, name in zip(results, names, strict=True):
            other = first.get(name, source)
            if not {source.path, source.digest} & set(other):
                with (self._out / RECORD).open("a", encoding="utf-8") as file:
                    file.write("\n" + json.dumps([name, *other]) + "\n")
                raise _taken(result)

    def _name(self, result: Path) -> str:
        return result.relative_to(self._out).as_posix()

    def _read(self) -> Iterator[tuple[str, Source]]:
        """Yield the lines that were not read yet."""
        record = self._out / RECORD
        if not record.is_file():
            return
        with record.open("rb") as file:
            file.seek(self._length)
            content = file.read()
        self._length += len(content)
        for line in content.decode("utf-8", errors="replace").splitlines():
            try:
                name, path, digest, *settings = json.loads(line)
            except (ValueError, TypeError, RecursionError):
                continue
            if not all(isinstance(part, str) for part in (name, path, digest, *settings)):
                continue
            yield name, Source(path, digest, *settings[:1])


def _taken(result: Path) -> OSError:
    reason = "taken meanwhile by another photograph; the same command again gives another name"
    return FileExistsError(errno.EEXIST, reason, str(result))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
