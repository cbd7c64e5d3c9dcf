"""Names of the engines, and the fastest one on each backend."""

import jax

ENGINES = ("auto", "fast", "gpu", "direct", "quick")
BEST = {"cpu": "fast", "gpu": "gpu"}  # by backend; elsewhere direct


def resolve(engine: str) -> str:
    """Resolve 'auto' to the best engine of this backend.

    Raises ValueError for a name that is not in `ENGINES`.
    """
    if engine not in ENGINES:
        raise ValueError(f"convolution: expected one of {', '.join(ENGINES)}; got {engine!r}")
    return BEST.get(jax.default_backend(), "direct") if engine == "auto" else engine
