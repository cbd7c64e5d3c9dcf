"""Measure the speed of this package, and of other libraries at the same work, on this machine.

    python experiments/benchmark.py --out=benchmark [--only=forward,bfloat16] [--cases='full, 8']

Prints tables and writes them to <out>/benchmark.md and benchmark.json. PyTorch, ONNX Runtime and
OpenVINO (`pip install -e '.[benchmark]'`) use the same weights; those not installed are left out.
On a GPU training is in bfloat16, with all photographs on the device and many steps per dispatch.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cic_jax import startup

with startup.imports(__name__):
    import jax
    import jax.numpy as jnp
    from absl import app, flags, logging

    from cic_jax import entry
    from cic_jax.benchmark import browser, commands, compute, models, precision, start
    from cic_jax.benchmark.report import OURS, TORCH, Bench, Report
    from cic_jax.benchmark.timing import Work

OUT = flags.DEFINE_string("out", "benchmark", "Folder for the tables.")
ONLY = flags.DEFINE_list("only", None, "Names of the measurements to take; default: all.")
CASES = flags.DEFINE_string("cases", "", "Pattern of networks and batches, as 'full, (128|512)'.")
RUNS = flags.DEFINE_integer("runs", 7, "Rounds in which contenders take turns.", lower_bound=1)
PHOTOS = flags.DEFINE_string("photos", "", "A folder of photographs to decode; '' draws scenes.")
TREE = flags.DEFINE_string("tree", "", "Another tree of this package; --only=start compares both.")
QUICK = flags.DEFINE_bool("quick", False, "Tiny sizes, to see that everything works.")

PHOTOGRAPHS = 512  # to decode
REPEATS = 10  # matrix products per run


def roof(report: Report, quick: bool, photos: str, cases: str) -> Bench:
    """Measure the peak rates of arithmetic and memory, with which other rates are compared."""
    device = "cuda" if jax.default_backend() == "gpu" else "cpu"
    dtype = "float32" if device == "cpu" else "bfloat16"
    side = 64 if quick else 8192 if device == "cuda" else 2048
    elements = 2**10 if quick else 2**28 if device == "cuda" else 2**26
    products = report.measure(
        Work(f"{side}² matrices, {dtype}", 2 * side**3 * REPEATS / 1e12, "TFLOP"),
        {
            OURS: partial(_product, side, dtype),
            TORCH: partial(_torch_product, side, dtype, device),
        },
    )
    passes = report.measure(
        Work(f"read and write {4 * elements / 2**20:.3g} MiB", 8 * elements / 1e9, "GB"),
        {OURS: partial(_pass, elements), TORCH: partial(_torch_pass, elements, device)},
    )
    flop_rate, byte_rate = (max(row.rate for row in rows) for rows in (products, passes))
    return Bench(report, quick, photos, device, dtype, 1e12 * flop_rate, 1e9 * byte_rate, cases)


def _product(side: int, dtype: str) -> Callable[[], Any]:
    a, b = jax.random.normal(jax.random.key(0), (2, side, side), jnp.dtype(dtype))
    multiply = jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready([multiply(a, b) for _ in range(REPEATS)][-1])


def _pass(elements: int) -> Callable[[], Any]:
    x = jnp.ones(elements)
    add = jax.jit(lambda x: x + 1)
    return lambda: jax.block_until_ready(add(x))


def _torch_product(side: int, dtype: str, device: str) -> Callable[[], Any]:
    from cic_jax.benchmark import torch_training

    return torch_training.matrix_product(side, dtype == "bfloat16", REPEATS, device)


def _torch_pass(elements: int, device: str) -> Callable[[], Any]:
    from cic_jax.benchmark import torch_training

    return torch_training.memory_pass(elements, device)


def pipeline(bench: Bench) -> None:
    """Measure the way from encoded photographs to batches of windows, on every core of the host."""
    from cic_jax import photos
    from cic_jax.benchmark.photographs import sample

    train = sample(bench, PHOTOGRAPHS)  # in memory, as for the other library
    batch, workers, size = (4, 0, 64) if bench.quick else (32, os.cpu_count() or 1, 256)
    stream = partial(photos.stream, train, batch, size, size, epochs=1)
    centres = partial(photos.evaluation_batches, train, batch, size, size)
    for name, batches, random in (
        ("random windows", stream, True),
        ("centre windows", centres, False),
    ):
        amount = len(train) // batch * batch if random else len(train)
        bench.report.measure(
            Work(f"{name} of {len(train)} photographs", amount, "photographs"),
            {
                OURS: partial(_counter, batches),
                f"{TORCH} DataLoader": partial(_loader, train, batch, size, random, workers),
            },
        )


def _counter(batches: Callable[[], Iterable[Any]]) -> Callable[[], int]:
    """Prepare a pass over batches; the run returns their number."""
    return lambda: sum(1 for _ in batches())


def _loader(
    photographs: Iterable[dict[str, Any]], batch: int, size: int, random: bool, workers: int
) -> Callable[[], int]:
    """Prepare a pass of PyTorch's loader; the run returns the number of batches.

    Args:
        photographs: Records with the encoded photograph under 'image'.
        batch: Windows per batch.
        size: Side of a window, in pixels.
        random: Cut random windows, not the central ones.
        workers: Processes that decode.
    """
    from cic_jax.benchmark import torch_photos

    encoded = [photograph["image"] for photograph in photographs]
    return torch_photos.pipeline(encoded, batch, size, random, workers)


MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "forward": compute.forward,
    "bfloat16": precision.bfloat16,
    "models": models.models,
    "train": compute.train,
    "blocks": compute.blocks,
    "shares": compute.shares,
    "target": compute.target,
    "pipeline": pipeline,
    "colorize": commands.colorize,
    "start": start.start,
    "browser": browser.browser,
}


def run(
    out: Path,
    only: Sequence[str],
    runs: int,
    quick: bool,
    photos: str = "",
    cases: str = "",
    tree: str = "",
) -> Report:
    """Take the measurements named, after the peak rates with which they are compared.

    Args:
        out: Folder for the tables.
        only: Names of measurements, keys of `MEASUREMENTS`.
        runs: Rounds in which contenders take turns.
        quick: Use tiny sizes.
        photos: A folder of photographs to decode, or '' for drawn scenes.
        cases: A regular expression, searched for in the names of networks and batches.
        tree: Another tree of this package, or ''.
    """
    report = Report(out, runs)
    report.begin("roof")
    bench = roof(report, quick, photos, cases)._replace(tree=tree)
    for name in only:
        report.begin(name)
        MEASUREMENTS[name](bench)
    return report


def main() -> None:
    """Take the measurements and print their tables."""
    only = ONLY.value or list(MEASUREMENTS)
    if unknown := set(only) - MEASUREMENTS.keys():
        raise app.UsageError(
            f"--only: expected some of {', '.join(MEASUREMENTS)}; got {', '.join(sorted(unknown))}"
        )
    try:
        re.compile(CASES.value)
    except re.error as error:
        raise app.UsageError(f"--cases: expected a regular expression; {error}") from None
    logging.set_verbosity(logging.WARNING)
    # By default JAX takes three quarters of a GPU's memory, and PyTorch needs some.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    run(
        Path(OUT.value),
        only,
        RUNS.value,
        QUICK.value,
        PHOTOS.value,
        CASES.value,
        TREE.value and str(Path(TREE.value).resolve()),
    )


if __name__ == "__main__":
    entry.run(main)  # which keeps freed memory, for the other libraries too
