"""Where the time of a run goes, over all of its starts: a file in its directory, and a line."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
from absl import logging

from cic_jax.train.directory import write_json

TIME = "time.json"  # in the directory of a run
WRITE_SECONDS = 5.0  # between two writings of the file: as much of a kill's loss is not counted
PHASES = ("start", "data", "compile", "steps", "evaluation", "saving", "lost")
_COMPILATION = "/jax/core/compile/backend_compile_duration"  # an event of JAX's monitoring
_compiled = [0.0]  # seconds of it in this process


def _listen(event: str, duration_secs: float, **_: Any) -> None:
    if event == _COMPILATION:
        _compiled[0] += duration_secs


jax.monitoring.register_event_duration_secs_listener(_listen)


class Clock:
    """Seconds of a run by phase. Each moment counts in one phase: the innermost that is open.

    Compilation counts by itself, in whichever phase it happens. Time between a kill and the next
    start is not counted.
    """

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PHASES, 0.0)
        self.starts = 1
        self._open = ["start"]
        self._mark = self._written = time.monotonic()
        self._compiled = _compiled[0]

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens in this context under one of PHASES."""
        self.count()
        self._open.append(name)
        try:
            yield
        finally:
            self.count()
            self._open.pop()

    def count(self) -> dict[str, float]:
        """Count up to now; return the seconds of each phase."""
        now, compiled = time.monotonic(), _compiled[0]
        passed = now - self._mark
        compiling = min(passed, compiled - self._compiled)
        self.seconds["compile"] += compiling
        self.seconds[self._open[-1]] += passed - compiling
        self._mark, self._compiled = now, compiled
        return dict(self.seconds)

    def go_on(self, workdir: Path, step: int, saved: Mapping[str, float]) -> None:
        """Add the seconds of earlier starts; what they did after the step that is left is lost.

        Args:
            workdir: Directory of the run.
            step: Step from which the run goes on.
            saved: Seconds at that step, from its record.
        """
        before = _read(workdir / TIME)
        totals = dict(saved)
        if before:
            at_end = before["seconds"]
            ended_there = before["ended_at"] == step
            lost = 0.0 if ended_there else max(0.0, sum(at_end.values()) - sum(saved.values()))
            totals = at_end if ended_there else {**saved, "lost": saved.get("lost", 0.0) + lost}
            self.starts = before["starts"] + 1
        for name, seconds in totals.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def write(self, workdir: Path, ended_at: int | None = None) -> None:
        """Write the file; `ended_at` is the step saved last, where the run ends in good order."""
        self._written = time.monotonic()
        if jax.process_index() == 0:
            seconds = {name: round(value, 3) for name, value in self.count().items()}
            content = {"seconds": seconds, "starts": self.starts, "ended_at": ended_at}
            write_json(workdir / TIME, content)

    def keep_up(self, workdir: Path) -> None:
        """Write the file if the last time is a while ago."""
        if time.monotonic() - self._written > WRITE_SECONDS:
            self.write(workdir)

    def line(self) -> str:
        """Say in a line where the time went."""
        seconds = self.count()
        total = sum(seconds.values())
        parts = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items() if value >= 0.5)
        share = seconds["steps"] / total
        return f"{share:.0%} of {total:.0f} s in {self.starts} start(s) were steps ({parts})"


def _read(path: Path) -> dict[str, Any] | None:
    """Read the file of an earlier start; None where there is none, or none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            "seconds": {name: float(value) for name, value in content["seconds"].items()},
            "starts": int(content["starts"]),
            "ended_at": content["ended_at"],
        }
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        logging.warning("%s is damaged: the time of earlier starts is not counted.", path)
        return None
