"""Where XLA's CPU backend must not fuse."""

from collections.abc import Callable
from typing import TypeVar

import jax
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

Result = TypeVar("Result")


def apart(stage: Callable[..., Result], *arrays) -> Result:
    """`stage(*arrays)`, written to memory before anything reads it.

    On a CPU XLA otherwise fuses it into each of its readers, which then compute it once each, and
    pad, if it pads, value by value instead of in vectors. `lax.optimization_barrier` does not
    prevent that there: it is gone when XLA fuses; a call that is not to be inlined is still there.
    What is fused less also takes less time to compile. For use inside of `jax.jit`: outside, every
    new `stage` is compiled anew.
    """
    if jax.default_backend() != "cpu":
        return lax.optimization_barrier(stage(*arrays))
    with set_xla_metadata(inlineable="false"):
        return jax.jit(stage)(*arrays)
