"""A barrier to XLA's fusion."""

from collections.abc import Callable
from typing import TypeVar

import jax
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

Result = TypeVar("Result")


def materialize(stage: Callable[..., Result], *arrays) -> Result:
    """Compute `stage(*arrays)` and write it to memory before anything reads it.

    XLA's CPU backend would fuse the stage into each of its readers: each computes it again, and
    padding is done value by value instead of in vectors. `lax.optimization_barrier` does not
    prevent that on a CPU, where it is removed before fusion; a call that must not be inlined
    does. Less fusion also means less time to compile. For use inside `jax.jit`: outside, every
    new `stage` is compiled anew.
    """
    if jax.default_backend() != "cpu":
        return lax.optimization_barrier(stage(*arrays))
    with set_xla_metadata(inlineable="false"):
        return jax.jit(stage)(*arrays)
