"""How little time XLA may spend on compiling, so that a first result comes soon."""

from collections.abc import Callable
from typing import Any

import jax

# XLA's newer emitters make loops that run faster, and take twice as long to compile. From jax 0.11
# on there are no others.
OLDER_EMITTERS = {"xla_cpu_use_fusion_emitters": False} if jax.__version_info__ < (0, 11) else {}
# On a CPU, by haste. Not optimised, a network compiles in half the time or less.
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"xla_backend_optimization_level": 1, **OLDER_EMITTERS},
    {"xla_backend_optimization_level": 0, **OLDER_EMITTERS},
)
THOROUGH, SOON, AT_ONCE = range(len(OPTIONS))


def options(haste: int) -> dict[str, Any]:
    """Return XLA's options for `THOROUGH`, `SOON` or `AT_ONCE` on the device at hand."""
    return dict(OPTIONS[haste]) if jax.default_backend() == "cpu" else {}


def jit_soon(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile by `jax.jit`, `SOON`: for what a photograph spends milliseconds in."""
    return jax.jit(function, compiler_options=options(SOON))
