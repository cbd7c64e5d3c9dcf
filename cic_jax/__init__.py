"""Colorful Image Colorization in JAX: colour as a distribution over bins of the ab plane."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cic_jax.colorize import Colorizer

    __version__: str

__all__ = ["Colorizer", "__version__"]


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): importing one module of the package loads no other.
    if name == "Colorizer":
        from cic_jax.colorize import Colorizer

        return Colorizer
    if name == "__version__":
        from importlib.metadata import version

        return version("cic-jax")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
