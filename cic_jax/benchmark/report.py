"""Measurements as JSON and as Markdown tables."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from cic_jax import machine
from cic_jax.benchmark.contender import Build, started
from cic_jax.benchmark.timing import Facts, Row, Work, compare, interleave, probe

COLUMNS = ("work", "by", "time", "from - to", "ratio", "from - to", "rate", "of roof", "besides")
ABOUT = (
    "Times are medians over runs in which the contenders took turns, each but the longest after a "
    "run that is not timed. A ratio is the time of a line divided by that of the first line of its "
    "work in the same round: for another library above 1 if it is slower, for a part its share of "
    "the whole. The roof is the measured rate of matrix products (as in Williams et al., "
    '"Roofline", 2009); convolutions are counted as direct ones.'
)

OURS, TORCH = "cic_jax", "PyTorch"


class Report:
    """Rows by measurement, written to `out` after every work, so that nothing done is lost."""

    def __init__(self, out: Path, runs: int) -> None:
        """Write an empty report to the folder `out`; every contender will run `runs` times."""
        self.out, self.runs = out, runs
        self.machine = machine.describe()
        self.measurements: dict[str, list[Row]] = {}
        self.left_out: list[str] = []
        self.write()

    def begin(self, measurement: str) -> None:
        """Begin a measurement, to which the rows that follow belong."""
        self.measurements[measurement] = []
        print(f"\n{measurement}\n{_line(COLUMNS)}", flush=True)

    def measure(
        self,
        work: Work,
        contenders: Mapping[str, Build],
        facts: Facts | None = None,
        rounds: int | None = None,
    ) -> list[Row]:
        """Let contenders take turns at some work in this process; return their rows.

        The rows are none if the library of the first contender is missing. `rounds` is the number
        of runs, if not the report's.
        """
        with started(contenders, False, self.leave_out) as runs:
            timings = interleave(runs, rounds or self.runs) if runs else {}
        return self.add(compare(work, timings, facts)) if timings else []

    def measure_separately(
        self,
        work: Work,
        contenders: Mapping[str, Build],
        facts: Facts | None = None,
        probes: Mapping[str, Build] | None = None,
    ) -> list[Row]:
        """Measure as `measure` does, each contender and probe in a process of its own.

        So they must be picklable. Probes take turns with the contenders, but at other work.
        """
        probes = probes or {}
        with started({**contenders, **probes}, True, self.leave_out) as runs:
            timings = interleave(runs, self.runs) if runs else {}
        if not timings:
            return []
        probed = [probe(work, name, timings.pop(name)) for name in probes if name in timings]
        return self.add([*compare(work, timings, facts), *probed])

    def add(self, rows: list[Row]) -> list[Row]:
        """Print rows, add them to the measurement begun last, write the report; return the rows."""
        print("\n".join(_line(row.cells()) for row in rows), flush=True)
        self.measurements[next(reversed(self.measurements))] += rows
        self.write()
        return rows

    def write(self) -> None:
        """Write benchmark.json and benchmark.md."""
        self.out.mkdir(parents=True, exist_ok=True)
        rows = {
            name: [dataclasses.asdict(row) for row in rows]
            for name, rows in self.measurements.items()
        }
        content = {"machine": self.machine, "figures": rows, "left out": self.left_out}
        (self.out / "benchmark.json").write_text(json.dumps(content, indent=1) + "\n")
        (self.out / "benchmark.md").write_text(self.markdown())

    def markdown(self) -> str:
        """Format a table per measurement."""
        lines = ["# Benchmark", "", ABOUT, ""]
        lines += [f"* {name}: {value}" for name, value in self.machine.items()]
        lines += [f"* left out: {reason}" for reason in self.left_out]
        for measurement, rows in self.measurements.items():
            rule = _line(["---"] * len(COLUMNS))
            lines += ["", f"## {measurement}", "", _line(COLUMNS), rule]
            lines += [_line(row.cells()) for row in rows]
        return "\n".join(lines) + "\n"

    def leave_out(self, reason: str) -> None:
        """Say what is missing from the tables, once."""
        if reason not in self.left_out:
            self.left_out.append(reason)
            print(f"left out: {reason}", file=sys.stderr, flush=True)


class Bench(NamedTuple):
    """The settings and peak rates that every measurement is given."""

    report: Report
    quick: bool  # tiny sizes
    photos: str  # a folder of photographs, or '' for drawn scenes
    device: str  # 'cpu' or 'cuda', as PyTorch names it
    dtype: str  # of training
    flop_rate: float  # measured on matrix products, operations per second
    byte_rate: float  # measured, bytes read and written per second
    cases: str = ""  # a regular expression, searched for in the names of the cases
    tree: str = ""  # another tree of this package, to compare with


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
