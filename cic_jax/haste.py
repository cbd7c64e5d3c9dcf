"""How little time XLA may spend on compiling, so that a first result comes soon."""

from collections.abc import Callable
from typing import Any

import jax

# On a CPU, by haste: thorough, soon and at once. XLA's newer emitters make loops that run faster
# and compile twice as long; without optimisation a network compiles in a quarter of the time.
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False},
    {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False},
)
THOROUGH, SOON, AT_ONCE = range(len(OPTIONS))


def options(haste: int) -> dict[str, Any]:
    """Return XLA's options for `THOROUGH`, `SOON` or `AT_ONCE` on the device at hand."""
    return dict(OPTIONS[haste]) if jax.default_backend() == "cpu" else {}


def jit_soon(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile by `jax.jit`, `SOON`: for what a photograph spends milliseconds in."""
    return jax.jit(function, compiler_options=options(SOON))
