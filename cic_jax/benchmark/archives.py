"""Photographs per second and core of an archive's workers, beside one plain process."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from cic_jax import images, machine
from cic_jax.benchmark import process
from cic_jax.benchmark import stages as stage_costs
from cic_jax.benchmark.commands import LARGE

ROOT = Path(__file__).parents[2]
PLAIN, SHARES, RAY = "one plain process", "a share on each core", "Ray, a worker for each core"
COMMAND = [sys.executable, "-m", "cic_jax.cli", "colorize"]
INTERVAL = 0.1  # seconds between two looks at the processes
Command = tuple[list[str], int | None]  # and the core that it keeps to


class Work(NamedTuple):
    """What each contender does: the first few and the first many photographs of a folder."""

    photos: Path
    counts: tuple[int, int]
    checkpoint: str
    home: Path  # for links and results


class Cost(NamedTuple):
    """Seconds on the clock, and of all processors together."""

    wall: float
    processor: float


def measure(work: Work, rounds: int) -> dict[str, list[Cost]]:
    """Measure what a photograph costs each contender in each round, start-up left out.

    Raises ValueError for a folder of too few photographs.
    """
    every = list(images.files_below(work.photos))
    if len(every) < work.counts[1]:
        raise ValueError(f"{work.photos}: expected {work.counts[1]} photographs, got {len(every)}")
    folders = [_linked(every[:count], work.home / str(count)) for count in work.counts]
    contenders = {PLAIN: _plain, SHARES: _shares, RAY: _ray}
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    _run(partial(_plain, work, folders[1]))  # fills the store of compiled programs
    for _ in range(rounds):
        for name, commands in contenders.items():
            few, many = (_run(partial(commands, work, folder)) for folder in folders)
            more = work.counts[1] - work.counts[0]
            costs[name].append(Cost(*((b - a) / more for a, b in zip(few, many, strict=True))))
    return costs


def stages(work: Work) -> dict[str, list[float]]:
    """Measure the stages of the folder's photographs and of large ones, on one core."""
    small = list(images.files_below(work.photos))[: work.counts[1]]
    large = [work.home / f"{number}.jpg" for number in range(4)]
    for path in large:
        process.write_photograph(path, *LARGE)
    named = {"photographs of the folder": small, f"{LARGE[0]} x {LARGE[1]}, drawn": large}
    return {name: stage_costs.measure(files, work.checkpoint) for name, files in named.items()}


def report(work: Work, costs: dict[str, list[Cost]], by_stage: dict[str, list[float]]) -> str:
    """Return the table in Markdown: medians over rounds, and ratios of the same round."""
    cores = sorted(os.sched_getaffinity(0))
    lines = [
        "# Archives: photographs per second and core",
        "",
        f"`experiments/archive_speed.py` with `{work.checkpoint}`, {work.counts[0]} and "
        f"{work.counts[1]} photographs, {len(costs[PLAIN])} rounds. A photograph's cost is the "
        "difference of the two runs, divided by that of their numbers: starting is left out. The "
        "ratio is that of photographs per processor second to those of one plain process, the "
        "median over rounds.",
        "",
        "| | photographs per processor second | ratio | photographs per second on all cores |",
        "|---|---|---|---|",
    ]
    for name, measured in costs.items():
        processor = statistics.median(1 / cost.processor for cost in measured)
        wall = statistics.median(1 / cost.wall for cost in measured)
        pairs = zip(costs[PLAIN], measured, strict=True)
        ratio = statistics.median(plain.processor / cost.processor for plain, cost in pairs)
        lines.append(f"| {name} | {processor:.2f} | {ratio:.2f} | {wall:.2f} |")
    lines += ["", "Milliseconds of one core for a photograph:", ""]
    lines += [f"| | {' | '.join(stage_costs.STAGES)} | sum |", "|---" * 7 + "|"]
    for name, spent in by_stage.items():
        cells = " | ".join(f"{value:.1f}" for value in (*spent, sum(spent)))
        lines.append(f"| {name} | {cells} |")
    about = (f"{key}: {value}" for key, value in machine.describe().items())
    lines += ["", f"On {len(cores)} of the cores; {', '.join(about)}.", ""]
    return "\n".join(lines)


def _plain(work: Work, folder: Path, out: Path) -> list[Command]:
    options = [f"--out={out}", f"--checkpoint={work.checkpoint}"]
    return [([*COMMAND, str(folder), *options], None)]


def _shares(work: Work, folder: Path, out: Path) -> list[Command]:
    ((command, _),) = _plain(work, folder, out)
    cores = sorted(os.sched_getaffinity(0))
    return [
        ([*command, f"--share={number}/{len(cores)}"], core)
        for number, core in enumerate(cores, start=1)
    ]


def _ray(work: Work, folder: Path, out: Path) -> list[Command]:
    script = str(ROOT / "experiments" / "archive_ray.py")
    options = [f"--photos={folder}", f"--out={out}", f"--checkpoint={work.checkpoint}"]
    workers = f"--workers={len(os.sched_getaffinity(0))}"
    return [([sys.executable, script, *options, workers], None)]


def _run(commands: Callable[[Path], list[Command]]) -> Cost:
    """Run the commands of a contender together, and return what they cost.

    Raises CalledProcessError if one fails.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"}
    seconds: dict[int, float] = {}
    running: list[subprocess.Popen] = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        for command, core in commands(Path(folder) / "out"):
            started = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
            running.append(started)
            if core is not None:  # before JAX asks how many there are
                psutil.Process(started.pid).cpu_affinity([core])
        while any(x.poll() is None for x in running):
            for started in running:
                _look(started.pid, seconds)
            time.sleep(INTERVAL)
        wall = time.perf_counter() - start
    for started in running:
        if started.returncode:
            raise subprocess.CalledProcessError(started.returncode, started.args)
    return Cost(wall, sum(seconds.values()))


def _look(pid: int, seconds: dict[int, float]) -> None:
    """Note the processor seconds so far of a process and of all below it."""
    try:
        parent = psutil.Process(pid)
        for child in [parent, *parent.children(recursive=True)]:
            spent = child.cpu_times()
            seconds[child.pid] = spent.user + spent.system
    except psutil.NoSuchProcess:
        return


def _linked(photographs: list[Path], folder: Path) -> Path:
    """Return a folder of links to photographs."""
    folder.mkdir()
    for number, path in enumerate(photographs):
        (folder / f"{number:05}{path.suffix}").symlink_to(path.resolve())
    return folder
