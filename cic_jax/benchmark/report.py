"""Contenders take turns at the same work; what that gave, as JSON and as Markdown tables."""

import contextlib
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cic_jax import machine
from cic_jax.benchmark.contender import Contender, timed

SETTLE = 0.05  # seconds before each run: threads that still spin after the last one go to sleep
WARM = 5  # seconds: what takes less runs once untimed first, others' data being in the caches
COLUMNS = ("work", "by", "time", "from - to", "ratio", "from - to", "rate", "of roof", "besides")
ABOUT = (
    "Times are medians over runs in which the contenders took turns, each but the longest after a "
    "run that is not timed. A ratio is the time of a line over that of the first line of its work "
    "in the same round: for another library above 1 where it is slower, for a part its share of "
    "the whole. The roof is the measured rate of matrix products; convolutions are counted as "
    "direct ones."
)

OURS, TORCH = "cic_jax", "PyTorch"

Build = Callable[[], Callable[[], Any]]  # prepares a contender and returns its run
Timed = Callable[[], tuple[Any, float]]  # runs, and says how many seconds that took
Facts = Callable[[str, Any], dict[str, float]]  # a contender's name, what its last run returned


@dataclasses.dataclass(frozen=True)
class Row:
    """One contender at one work; the first contender of a work is what the others are beside.

    What ran in the same rounds at something else has no ratios.
    """

    work: str
    by: str
    seconds: list[float]
    ratios: list[float]
    rate: float  # of `unit` a second, at the median
    unit: str
    of_roof: float | None
    facts: dict[str, float]

    def cells(self) -> list[str]:
        """The row as it is printed."""
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


class Report:
    """Rows by figure, written to `out` after every measurement, so that what is done stays."""

    def __init__(self, out: Path, runs: int):
        self.out, self.runs = out, runs
        self.machine = machine.describe()
        self.figures: dict[str, list[Row]] = {}
        self.left_out: list[str] = []
        self.write()

    def begin(self, figure: str) -> None:
        """The rows that follow belong to this figure."""
        self.figures[figure] = []
        print(f"\n{figure}\n{_line(COLUMNS)}", flush=True)

    def measure(
        self,
        work: str,
        contenders: Mapping[str, Build],
        *,
        amount: int | float = 1,
        unit: str = "images",
        roof: int | float | None = None,
        facts: Facts | None = None,
        apart: bool = False,
        beside: Mapping[str, Build] | None = None,
    ) -> list[Row]:
        """Interleave the contenders at `amount` units of work; `roof` is in units a second.

        With `apart` each is built and runs in a process of its own, for which it must be picklable.
        A contender whose library is missing or refuses the work is left out with one line; the
        first, beside which the others stand, has to succeed. What runs `beside` them takes turns
        with them at something else, which is timed.
        """
        beside = beside or {}
        runs: dict[str, Timed] = {}
        with contextlib.ExitStack() as processes:
            for name, build in {**contenders, **beside}.items():
                try:
                    if apart:
                        contender = processes.enter_context(contextlib.closing(Contender(build)))
                        runs[name] = contender.timed
                    else:
                        run = build()
                        run()  # compiles and warms up
                        runs[name] = partial(timed, run)
                except Exception as error:
                    if not runs and not isinstance(error, ImportError):
                        raise
                    reason = (str(error) or type(error).__name__).splitlines()[0]
                    self.leave_out(f"{name}: {reason}")
                    if not runs:
                        return []
            seconds, results = interleave(runs, self.runs)
        first, rows = next(iter(runs)), []
        for name, times in seconds.items():
            if name in beside:
                often = 1 / statistics.median(times)
                rows.append(Row(work, name, times, [], often, "runs", None, {}))
                continue
            rate = amount / statistics.median(times)
            ratios = [a / b for a, b in zip(times, seconds[first], strict=True)]
            known = facts(name, results[name]) if facts else {}
            of_roof = rate / roof if roof else None
            rows.append(Row(work, name, times, ratios, rate, unit, of_roof, known))
        print("\n".join(_line(row.cells()) for row in rows), flush=True)
        self.figures[next(reversed(self.figures))] += rows
        self.write()
        return rows

    def write(self) -> None:
        """benchmark.json and benchmark.md."""
        self.out.mkdir(parents=True, exist_ok=True)
        figures = {
            name: [dataclasses.asdict(row) for row in rows] for name, rows in self.figures.items()
        }
        content = {"machine": self.machine, "figures": figures, "left out": self.left_out}
        (self.out / "benchmark.json").write_text(json.dumps(content, indent=1) + "\n")
        (self.out / "benchmark.md").write_text(self.markdown())

    def markdown(self) -> str:
        """A table for each figure."""
        lines = ["# Benchmark", "", ABOUT, ""]
        lines += [f"* {name}: {value}" for name, value in self.machine.items()]
        lines += [f"* left out: {reason}" for reason in self.left_out]
        for figure, rows in self.figures.items():
            rule = _line(["---"] * len(COLUMNS))
            lines += ["", f"## {figure}", "", _line(COLUMNS), rule]
            lines += [_line(row.cells()) for row in rows]
        return "\n".join(lines) + "\n"

    def leave_out(self, reason: str) -> None:
        """Say what is missing from the tables, once."""
        if reason not in self.left_out:
            self.left_out.append(reason)
            print(f"left out: {reason}", file=sys.stderr, flush=True)


class Bench(NamedTuple):
    """What every figure is given."""

    report: Report
    quick: bool  # tiny sizes
    photos: str  # a folder of photographs, or '' for drawn scenes
    device: str  # 'cpu' or 'cuda', as PyTorch names it
    dtype: str  # of training
    flop_rate: float  # measured on matrix products, operations a second
    byte_rate: float  # measured, read and written a second
    cases: str = ""  # a regular expression that is found in the names of the cases wanted


def interleave(
    runs: Mapping[str, Timed], rounds: int
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Seconds of each contender in each round, and what its last run returned.

    In every round all run once, in an order that rotates: drifts of the machine meet all alike. A
    short run is timed the second time, as work that goes on has it.
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
    return seconds, results


def _line(cells) -> str:
    return "| " + " | ".join(cells) + " |"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
