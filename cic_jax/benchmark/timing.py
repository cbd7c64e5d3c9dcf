"""Timings of contenders that take turns at the same work, and how they compare."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cic_jax.benchmark.contender import Timed

SETTLE = 0.05  # seconds before each run, in which threads that still spin after the last one sleep
# A run of fewer seconds is repeated, and only the repetition is timed: the first finds the data of
# other contenders in the caches.
WARM = 5

Facts = Callable[[str, Any], dict[str, float]]  # from a contender's name and its last result


class Work(NamedTuple):
    """Work that contenders take turns at."""

    name: str
    amount: float = 1  # of `unit`, done by one run
    unit: str = "images"
    roof: float | None = None  # attainable units per second, from the machine's measured peak rates


class Timing(NamedTuple):
    """Seconds of each round, and the result of the last run."""

    seconds: list[float]
    result: Any


@dataclasses.dataclass(frozen=True)
class Row:
    """One contender at one work, compared with the first contender at it."""

    work: str
    by: str
    seconds: list[float]
    ratios: list[float]  # to the first contender, in each round; empty for a probe
    rate: float  # `unit`s per second, at the median
    unit: str
    of_roof: float | None
    facts: dict[str, float]

    def cells(self) -> list[str]:
        """Format the row for a table."""
        return [
            self.work,
            self.by,
            _time(statistics.median(self.seconds)),
            f"{_time(min(self.seconds))} - {_time(max(self.seconds))}",
            f"{statistics.median(self.ratios):.3g}" if self.ratios else "",
            f"{min(self.ratios):.3g} - {max(self.ratios):.3g}" if self.ratios else "",
            f"{self.rate:.4g} {self.unit}/s",
            "" if self.of_roof is None else f"{self.of_roof:.1%}",
            ", ".join(f"{name} {value:.3g}" for name, value in self.facts.items()),
        ]


def interleave(runs: Mapping[str, Timed], rounds: int) -> dict[str, Timing]:
    """Time every contender once a round, in an order that rotates.

    So a drift of the machine meets all alike. A short run is timed the second time, as in work that
    goes on.
    """
    names = list(runs)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    results = {}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            time.sleep(SETTLE)
            results[name], passed = runs[name]()
            if passed < WARM:
                results[name], passed = runs[name]()
            seconds[name].append(passed)
    return {name: Timing(seconds[name], results[name]) for name in names}


def compare(work: Work, timings: Mapping[str, Timing], facts: Facts | None = None) -> list[Row]:
    """Compare contenders at the same work with the first of them, round by round."""
    first = next(iter(timings.values()))
    rows = []
    for name, timing in timings.items():
        rate = work.amount / statistics.median(timing.seconds)
        ratios = [a / b for a, b in zip(timing.seconds, first.seconds, strict=True)]
        of_roof = rate / work.roof if work.roof else None
        known = facts(name, timing.result) if facts else {}
        rows.append(Row(work.name, name, timing.seconds, ratios, rate, work.unit, of_roof, known))
    return rows


def probe(work: Work, name: str, timing: Timing) -> Row:
    """Make the row of a probe: of other work, timed in the same rounds to explain slow ones."""
    rate = 1 / statistics.median(timing.seconds)
    return Row(work.name, name, timing.seconds, [], rate, "runs", None, {})


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
