"""Mistakes of the study's code, repeated so that what they do can be measured.

`train(config, workdir, **HOOKS)` makes those that the config asks for, and none else.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Num
from ml_collections import ConfigDict

from cic_jax import photos, prior
from cic_jax.target import Palette
from cic_jax.train import build


def training_set(
    config: ConfigDict, splits: Mapping[str, photos.Photographs]
) -> photos.Photographs:
    """Return the training split, in which `data.leak` of the test split replaces as many others.

    The study's final model started from one that had trained on about 31% of its test set. As many
    photographs are seen with the leak as without.
    """
    train, test = splits["train"], splits["test"]
    leaked = round(config.data.leak * len(test))
    if not leaked:
        return train
    kept = max(0, len(train) - leaked)
    both = [(train, i) for i in range(kept)] + [(test, i) for i in range(min(leaked, len(train)))]
    return dataclasses.replace(train, records=_Picked(both))


@dataclasses.dataclass(frozen=True)
class _Picked(Sequence[Mapping[str, Any]]):
    """Photographs of several splits, each by its split and its position there."""

    places: list[tuple[photos.Photographs, int]]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        photographs, position = self.places[index]
        return photographs[position]


def palette(config: ConfigDict, photographs: build.Batches) -> Palette | None:
    """Return `build.palette`, smoothed as the study's code did for `prior.smoothing=index`."""
    if config.prior.smoothing != "index":
        return build.palette(config, photographs)
    plain = config.copy_and_resolve_references()
    plain.prior.smoothing = "none"
    found = build.palette(plain, photographs)
    if found is None or found.class_weights is None:  # no bins, or no rebalancing
        return found
    p = smooth_along_index(found.prior)
    return found._replace(prior=p, class_weights=prior.class_weights(p, config.prior.mix))


def smooth_along_index(p: Num[np.ndarray, " q"], sigma: float = 5.0) -> Float[np.ndarray, " q"]:
    """Smooth over the order of the bins: neighbours in the list, not in colour."""
    order = np.arange(len(p), dtype=np.float64)
    kernel = np.exp(-((order[:, None] - order[None]) ** 2) / (2 * sigma**2))
    spread = kernel / np.sum(kernel, axis=0)
    return (spread @ np.asarray(p, np.float64)).astype(np.float32)


HOOKS: dict[str, Any] = {"palette": palette, "training_set": training_set}
