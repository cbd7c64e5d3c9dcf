"""Inference in bfloat16: its speed beside that of other libraries, and what it does to colours."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, UInt8

from cic_jax import checkpoint, ciede2000, inference, lab
from cic_jax import photos as photographs
from cic_jax.benchmark import commands, compute, ours, work
from cic_jax.benchmark.photographs import sample
from cic_jax.benchmark.report import OURS, Bench
from cic_jax.benchmark.timing import Work
from cic_jax.benchmark.work import Case
from cic_jax.colorize import Colorizer

PEERS = ("PyTorch, autocast to bfloat16", "OpenVINO as it comes")
AGREEMENT = 0.1  # relative difference of logits in bfloat16, of random weights
PHOTOGRAPHS = 48
# Released models, and how much they unify things; None is their own share.
MODELS = (("simplified_final", None), ("everyday", None), ("everyday", 0.0))


def bfloat16(bench: Bench) -> None:
    """Measure forward passes in bfloat16, and the differences of colours from float32's."""
    if bench.device != "cpu":
        bench.report.leave_out("bfloat16: measured on a CPU alone")
        return
    for case in compute.forward_cases(bench):
        _forward(bench, case)
    with tempfile.TemporaryDirectory() as folder:
        _colours(bench, Path(folder))


def _forward(bench: Bench, case: Case) -> None:
    roof = bench.flop_rate / work.forward_flop(work.layers(case))
    bench.report.measure_separately(
        Work(str(case._replace(dtype="bfloat16")), amount=case.batch, roof=roof),
        {
            OURS: partial(ours.forward, case, "bfloat16"),
            f"{OURS}, float32": partial(ours.forward, case),
            **{name: partial(compute.peer_forward, case, name, bench.device) for name in PEERS},
        },
        facts=partial(compute.difference, ours.forward(case)(), AGREEMENT),
    )


def _colours(bench: Bench, home: Path) -> None:
    count, size = (2, 32) if bench.quick else (PHOTOGRAPHS, 256)
    batches = photographs.evaluation_batches(sample(bench, count), count, size, size)
    batch = next(batches)
    pixels = batch["photo"][batch["valid"]]
    models: Sequence[tuple[str, float | None]] = MODELS
    if bench.quick:
        tiny = commands.export(Case("simplified", 0.05, 1, 256), home / "model")
        models = ((str(tiny), None),)
    for model, unify in models:
        colours = partial(_coloured, model, unify, pixels)
        name = "" if unify is None else f", --unify={unify:g}"
        bench.report.measure(
            Work(f"{len(pixels)} photographs, {Path(model).name}{name}", len(pixels), "images"),
            {precision: partial(colours, precision) for precision in ("bfloat16", "float32")},
            facts=partial(_differences, colours("float32")()),
        )


def _coloured(
    model: str, unify: float | None, pixels: UInt8[np.ndarray, "b h w 3"], precision: str
) -> Callable[[], UInt8[np.ndarray, "b h w 3"]]:
    restored = checkpoint.load(model)
    forward = inference.compiled(restored.network, restored.variables, 1, precision=precision)
    colorizer = Colorizer(restored, pixels.shape[1], forward=forward)

    def run():
        return np.stack([colorizer.render(colorizer.predict(x, unify=unify)) for x in pixels])

    return run


def _differences(
    expected: UInt8[np.ndarray, "b h w 3"], name: str, found: UInt8[np.ndarray, "b h w 3"]
) -> dict[str, float]:
    """Return the mean and the 99th percentile of CIEDE2000 over all pixels."""
    pairs = zip(expected, found, strict=True)
    differences = np.concatenate([_difference(*pair).ravel() for pair in pairs])
    return {
        "CIEDE2000 mean": float(differences.mean()),
        "99%": float(np.percentile(differences, 99)),
    }


@jax.jit
def _compare(first, second):
    both = (lab.rgb_to_lab(x.astype(np.float32) / 255) for x in (first, second))
    return ciede2000.difference(*both)


def _difference(
    first: UInt8[np.ndarray, "h w 3"], second: UInt8[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "h w"]:
    return np.asarray(_compare(first, second))
