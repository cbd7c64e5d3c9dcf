"""Colour for films of any length: shots are found, and colour is held steady along motion.

`colorize` takes a film from a file to a file; `reading`, `motion`, `shots`, `steady`, `colouring`,
`writing` and `joining` are its stages, in this order. `flicker` measures what is gained.
"""

from typing import TYPE_CHECKING, Any

from cic_jax.film.limits import WRITTEN, FilmError, is_film, output_name

if TYPE_CHECKING:
    from cic_jax.film.colouring import Settings
    from cic_jax.film.whole import Result, colorize

__all__ = ["WRITTEN", "FilmError", "Result", "Settings", "colorize", "is_film", "output_name"]


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): naming films loads neither JAX nor PyAV.
    if name in ("Result", "colorize"):
        from cic_jax.film import whole

        return getattr(whole, name)
    if name == "Settings":
        from cic_jax.film.colouring import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
