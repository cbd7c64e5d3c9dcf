"""The manifest of an archive: what was made of which photograph, with which model and settings.

A folder of text files: `archive.json` says what all results have in common, and each share has one
file of JSON lines, one for each photograph.
"""

import contextlib
import json
import os
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cic_jax.archive.photographs import Share

NAME = "manifest"  # the folder's name in the folder of the results
COMMON = "archive.json"


class ArchiveError(ValueError):
    """An archive that cannot be begun or gone on with; the message is one line."""


def agree(folder: Path, common: dict[str, Any], is_new: bool) -> None:
    """Record what all shares have in common, or compare it with what is recorded.

    Raises ArchiveError where they differ, and for a new archive in a folder with other files.
    """
    file = folder / COMMON
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if not is_new and not file.exists():  # another share may have begun meanwhile
            raise ArchiveError(
                f"{folder.parent}: expected a new or empty folder, or one with {NAME}/{COMMON}: "
                "results of an archive replace what is in their places"
            )
        part = folder / f".{uuid.uuid4().hex}.part"
        part.write_text(json.dumps(common, indent=2) + "\n", encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            os.link(part, file)  # whole, and by the first share alone
        part.unlink()
    try:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        differences = [
            f"{key} {recorded.get(key)} is now {value}"
            for key, value in common.items()
            if recorded.get(key) != value
        ]
    except (ValueError, AttributeError) as error:
        raise ArchiveError(f"{file} is damaged: expected JSON: {error}") from error
    if differences:
        raise ArchiveError(
            f"{folder} was begun otherwise: {'; '.join(differences)}; go on as before, or name "
            "another --out"
        )


class Manifest:
    """The lines of one share. Use it in `with`: no other process may write to it meanwhile."""

    def __init__(self, folder: Path, share: Share) -> None:
        """Open the manifest of a share; it need not exist. Raises OSError."""
        self.path = folder / f"{share.number}-of-{share.total}.jsonl"
        self.share = share

    def __enter__(self) -> "Manifest":
        """Take the manifest. Raises ArchiveError if another process has it."""
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._file)
                raise ArchiveError(
                    f"share {self.share}: another process is colouring it ({self.path})"
                ) from None
        size = os.fstat(self._file).st_size
        if size:
            os.lseek(self._file, size - 1, os.SEEK_SET)
            if os.read(self._file, 1) != b"\n":  # a line was cut short; the next one is whole
                os.write(self._file, b"\n")
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the manifest."""
        os.close(self._file)

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield its lines in order; one that was cut short, or is no line of a manifest, is not."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict) and isinstance(record.get("file"), str):
                    yield record

    def append(self, records: Iterable[dict[str, Any]]) -> None:
        """Add a line for each photograph, all in one piece. Raises OSError."""
        content = "".join(json.dumps(record) + "\n" for record in records).encode()
        while content:
            content = content[os.write(self._file, content) :]
        os.fsync(self._file)
