"""The default model beside the study's: forward passes and whole commands, taking turns."""

import tempfile
from functools import partial
from pathlib import Path

from cic_jax.benchmark import commands, ours, process, start
from cic_jax.benchmark.report import Bench
from cic_jax.benchmark.timing import Work
from cic_jax.benchmark.work import Case

NETWORKS = ("lite", "simplified")
RELEASED = {"lite": "everyday", "simplified": "simplified_final"}


def models(bench: Bench) -> None:
    """Measure the networks of both released models, then `cic-jax colorize` with each."""
    width, size = (0.05, 32) if bench.quick else (1.0, 256)
    for batch in (1, 8):
        cases = {name: Case(name, width, batch, size) for name in NETWORKS}
        bench.report.measure_separately(
            Work(f"{batch} x {size}², float32", amount=batch),
            {name: partial(ours.forward, case) for name, case in cases.items()},
        )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        released = RELEASED
        if bench.quick:
            tiny = str(commands.export(Case("simplified", 0.05, 1, 256), home / "model"))
            released = dict.fromkeys(NETWORKS, tiny)
        sizes = ((64, 48),) if bench.quick else (start.SMALL, commands.LARGE)
        for width_height in sizes:
            photo = home / "photo.jpg"
            process.write_photograph(photo, *width_height)
            bench.report.measure(
                Work("{} x {}".format(*width_height), unit="photographs"),
                {
                    name: partial(
                        commands.command,
                        photo,
                        home / "ours",
                        model,
                        JAX_COMPILATION_CACHE_DIR=f"{home}/xla",
                    )
                    for name, model in released.items()
                },
                facts=commands.peak,
            )
