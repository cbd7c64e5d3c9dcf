"""What became of each photograph: words on standard error, JSON on standard output."""

import json
from typing import TYPE_CHECKING, Any

from cic_jax.cli import console
from cic_jax.printable import printable

if TYPE_CHECKING:
    from cic_jax.cli.plan import Job


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

    def add(self, status: str, job: "Job", **more: Any) -> None:
        """Tell scripts of a photograph whose files are there; people are told the number."""
        results = [str(path) for path in job.results]
        self._write(photograph=str(job.photograph), status=status, results=results, **more)

    def announce(self, job: "Job") -> None:
        """Tell which files would be written for a photograph."""
        self.add("planned", job)
        if not self._as_json:
            for result in job.results:
                print(printable(f"{job.photograph} -> {result}"))

    def _write(self, **record: Any) -> None:
        if self._as_json:
            print(json.dumps(record), flush=True)
