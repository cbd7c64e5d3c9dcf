"""Colorful Image Colorization in JAX: colour as a distribution over bins of the ab plane.

The method, in the order in which to read it:

1. `lab`: conversion between sRGB and CIELAB
2. `bins`: the 313 colour bins; encodes ab softly, decodes a distribution to its annealed mean
3. `prior`: frequencies of the bins, and class weights computed from them
4. `loss`: rebalanced cross-entropy over the bins, and the Euclidean loss
5. `target`: an encoding, its loss and its read-out as one value
6. `network`: both networks, full and simplified, as tables of blocks
7. `step`: one step of training and one of evaluation, as pure functions
8. `metrics`: RMSE, PSNR, SSIM and others, per photograph

Around the method: trained models (`model`, `inference`, `checkpoint`, `pretrained`), training
(`photos`, `train`) and colouring (`colorize`, whose `Colorizer` is also exported here). All are
attributes of this package, imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cic_jax import (
        bins,
        checkpoint,
        colorize,
        convolutions,
        inference,
        lab,
        loss,
        machine,
        metrics,
        model,
        network,
        photos,
        pretrained,
        prior,
        step,
        target,
        train,
    )
    from cic_jax.colorize import Colorizer

    __version__: str

__all__ = [
    "Colorizer",
    "__version__",
    "bins",
    "checkpoint",
    "colorize",
    "convolutions",
    "inference",
    "lab",
    "loss",
    "machine",
    "metrics",
    "model",
    "network",
    "photos",
    "pretrained",
    "prior",
    "step",
    "target",
    "train",
]


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): `import cic_jax`, or one module of it, loads no other.
    if name == "Colorizer":
        return importlib.import_module("cic_jax.colorize").Colorizer
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("cic-jax")
    if name in __all__:
        return importlib.import_module(f"cic_jax.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
