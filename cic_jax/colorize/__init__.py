"""Colour for any photograph, of any size."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cic_jax.colorize.colorizer import Colorizer
    from cic_jax.colorize.hints import Hint

__all__ = ["Colorizer", "Hint"]


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): importing one module of the package loads no other.
    if name == "Colorizer":
        from cic_jax.colorize.colorizer import Colorizer

        return Colorizer
    if name == "Hint":
        from cic_jax.colorize.hints import Hint

        return Hint
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
