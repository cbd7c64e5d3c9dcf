"""Saved steps as the target of fuzzing."""

import functools
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import numpy as np

from cic_jax import checkpoint, model

HOME = TemporaryDirectory()
STATE = {"params": {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4)}, "batch_stats": {}}
STATE = STATE, (np.array(3), {"mu": np.linspace(0, 1, 7, dtype=np.float32)})


def at_step(step):
    return jax.tree.map(lambda x: x + x.dtype.type(step), STATE)


@functools.cache
def saved_run():
    """A run of two saved steps."""
    run = Path(HOME.name) / "run"
    with checkpoint.manager(run) as manager:
        for step in (1, 2):
            described = model.describe("simplified")
            checkpoint.save(manager, step, at_step(step), described, {"loss": 3.0 - step})
    return run


def restore(number, harm):
    """Harm a file of the latest step: what is restored was saved."""
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        shutil.copytree(saved_run(), run)
        files = sorted(p for p in (run / "checkpoints" / "2").rglob("*") if p.is_file())
        path = files[number % len(files)]
        path.write_bytes(harm(path.read_bytes()))
        with checkpoint.manager(run) as manager:
            step, *restored = checkpoint.resume(manager, *STATE)
        jax.tree.map(np.testing.assert_array_equal, tuple(restored), at_step(step))
