"""What became of each photograph: words on standard error, JSON on standard output."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cic_jax.cli import console
from cic_jax.printable import printable

Name = str | Path


class Outcomes:
    """Tells of each photograph as it is known.

    With `as_json` standard output has one line of JSON for each: "photograph"; "status", which is
    coloured, done (already), planned or failed; "results", the files; for one that failed "reason",
    for one that was coloured "seconds".
    """

    def __init__(self, as_json: bool) -> None:
        """Tell nothing yet."""
        self._as_json = as_json

    def fail(self, name: str, line: str) -> None:
        """Tell why nothing came of the photograph or argument `name`."""
        console.say(line)
        reason = line.removeprefix(f"{name}: ")
        self._write(photograph=name, status="failed", results=[], reason=reason)

    def add(self, status: str, name: Name, results: Sequence[Name], **more: Any) -> None:
        """Tell scripts of a photograph whose files are there; people are told the number."""
        files = [str(result) for result in results]
        self._write(photograph=str(name), status=status, results=files, **more)

    def announce(self, name: Name, results: Sequence[Name]) -> None:
        """Tell which files would be written for a photograph."""
        self.add("planned", name, results)
        if not self._as_json:
            for result in results:
                print(printable(f"{name} -> {result}"))

    def sum_up(self, told: str, done: int, before: int, failed: int, again: str = "") -> int:
        """Tell people the numbers, and return the command's exit status.

        Args:
            told: What was done with how many photographs.
            done: Their number.
            before: Number of those done already.
            failed: Number of those that failed.
            again: How those done already can be done again.
        """
        counts = [told]
        if before:
            counts.append(f"{before} done already{again}")
        if failed:
            counts.append(f"{failed} failed")
        console.say(", ".join(counts))
        if done + before == 0:
            return console.UNUSABLE
        return console.SOME_FAILED if failed else console.DONE

    def _write(self, **record: Any) -> None:
        if self._as_json:
            print(json.dumps(record), flush=True)
