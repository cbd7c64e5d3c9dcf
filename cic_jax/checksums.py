"""SHA-256 of a directory's files in one text file, as `sha256sum -c SHA256SUMS` reads it.

Written by hand, since no library of the dependencies reads or writes sha256sum's format.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

NAME = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def write(root: Path, files: Iterable[Path]) -> None:
    """Write `root`/SHA256SUMS over these files below it."""
    lines = [f"{_digest(path)}  {path.relative_to(root).as_posix()}\n" for path in sorted(files)]
    (root / NAME).write_text("".join(lines), encoding="utf-8", newline="\n")


def differences(root: Path, files: Iterable[Path]) -> list[str]:
    """Describe each file that disagrees with SHA256SUMS of `root`; empty if all match.

    A file outside of `files` is never read, whatever SHA256SUMS names.
    """
    listed = {}
    text = (root / NAME).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if (match := LINE.fullmatch(line)) is None:
            return [f"line {number} of {NAME} is not a digest and a name"]
        listed[match[2]] = match[1]
    present = {path.relative_to(root).as_posix(): path for path in files}
    wrong = [f"{name} is missing" for name in sorted(listed.keys() - present.keys())]
    wrong += [f"{name} does not belong there" for name in sorted(present.keys() - listed.keys())]
    for name in sorted(present.keys() & listed.keys()):
        if _digest(present[name]) != listed[name]:
            wrong.append(f"{name} was changed")
    return wrong


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
