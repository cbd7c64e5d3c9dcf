"""Measurements of the command `cic-jax colorize`, from its start to its end."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cic_jax import bins, checkpoint
from cic_jax.benchmark import compute, process
from cic_jax.benchmark.report import OURS, TORCH, Bench
from cic_jax.benchmark.timing import Work
from cic_jax.benchmark.work import Case
from cic_jax.model import build, describe

LARGE = (4000, 3000)  # width and height of the one large photograph


def colorize(bench: Bench) -> None:
    """Measure the colouring of one large photograph."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        size = (64, 48) if bench.quick else LARGE
        photo = home / "photo.jpg"
        process.write_photograph(photo, *size)
        for name in compute.NETWORKS:
            case = Case(name, 0.05 if bench.quick else 1.0, 1, 256)
            contenders = _first_and_later(home, photo, str(export(case, home / name)))
            bench.report.measure(
                Work(f"{size[0]} x {size[1]}, {name}", unit="photographs"),
                {**contenders, TORCH: partial(_torch_command, case, home, photo)},
                facts=peak,
            )


def _first_and_later(home: Path, photos: Path, model: str) -> dict[str, Callable[[], Callable]]:
    """Return the command with compiled programs of earlier runs, and without, as for the first."""
    kept = {"JAX_COMPILATION_CACHE_DIR": f"{home}/xla"}
    unkept = {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    return {
        OURS: partial(command, photos, home / "ours", model, **kept),
        f"{OURS}, first time": partial(command, photos, home / "ours", model, **unkept),
    }


def command(photos: Path, out: Path, model: str, **environment: str) -> Callable[[], float]:
    """Prepare `cic-jax colorize`; the run returns its peak memory in MiB."""
    command = ["-m", "cic_jax.cli", "colorize", str(photos), f"--out={out}", "--overwrite"]
    return partial(process.peak_memory, [*command, f"--checkpoint={model}"], **environment)


def _torch_command(case: Case, home: Path, photo: Path) -> Callable[[], float]:
    from cic_jax.benchmark import torch_networks, torch_photos

    variables = checkpoint.load(home / case.network).variables
    weights = home / f"{case.network}.pth"
    torch_photos.save(str(weights), torch_networks.Weights.of(case.blocks, variables), bins.CENTERS)
    command = ["-m", "cic_jax.benchmark.torch_photos"]
    arguments = [str(weights), str(photo), str(home / "torch.jpg")]
    return partial(process.peak_memory, command + arguments)


def export(case: Case, path: Path) -> Path:
    """Export a checkpoint to `path`, as models are released; return `path`."""
    description = describe(case.network, width=case.width)
    checkpoint.export(path, build(description, case.create()[1]))
    return path


def peak(name: str, mebibytes: float) -> dict[str, float]:
    """Return the peak memory as a fact."""
    return {"peak MiB": mebibytes}
