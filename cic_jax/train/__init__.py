"""Training: from a config to a trained model, its log and its scores."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cic_jax.train.loop import train

__all__ = ["train"]


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): importing one module of the package loads no other.
    if name == "train":
        from cic_jax.train.loop import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
