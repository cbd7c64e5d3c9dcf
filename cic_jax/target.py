"""The meaning of a network's output: its loss against the true colours, and its read-out.

A `Target` is a handful of functions. To study another encoding, loss or read-out, write another
`Target` and pass it to the training step; no other code changes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jaxtyping import Array, Float, Num

from cic_jax import bins, expected
from cic_jax.loss import AB_SCALE, cross_entropy, euclidean, grey_mask

Loss = Callable[..., Float[Array, ""]]  # (output 'b h w c', ab 'b h w 2', mask 'b h w') -> scalar
ToAB = Callable[..., Float[Array, "*b 2"]]  # (output '*b c', temperature) -> ab


class Palette(NamedTuple):
    """The bins of a run, the frequency of each, and its weight in the loss."""

    centers: Float[np.ndarray, "q 2"]
    prior: Float[np.ndarray, " q"]  # sum 1
    class_weights: Float[np.ndarray, " q"] | None  # None weighs all alike


class Target(NamedTuple):
    """The meaning of a network's `outputs` channels at each pixel."""

    outputs: int
    loss: Loss
    to_ab: ToAB
    centers: Float[np.ndarray, "q 2"] | None  # the bins; None where ab is predicted itself
    prior: Float[np.ndarray, " q"] | None = None  # of the bins, for `prior.adjust`; None: unknown


def distribution(
    centers: Num[np.ndarray, "q 2"] = bins.CENTERS,
    class_weights: Num[np.ndarray, " q"] | None = None,
    *,
    neighbors: int = 5,
    sigma: float = 5.0,
    skip_grey: bool = False,
    prior: Float[np.ndarray, " q"] | None = None,
) -> Target:
    """Classify each pixel over the bins; the colour is the annealed mean (CIC, section 2).

    Args:
        centers: ab of the bins, in CIELAB units.
        class_weights: Weight of a pixel by its nearest bin (CIC, equation 3); None weighs all 1.
        neighbors: Number of bins over which a colour is encoded; 1 is one-hot.
        sigma: Width of the Gaussian that weighs them, in CIELAB units.
        skip_grey: Leave photographs without any colour out of the loss, as CIC's code does.
        prior: Frequency of each bin in training, by which a read-out can rebalance.
    """

    def loss(output, ab, mask=None, *, class_weights):
        output = expected.floats("output", output, len(centers))
        encoded = bins.encode(ab, neighbors, sigma, centers)
        if skip_grey:
            colored = grey_mask(ab)
            mask = colored if mask is None else mask * colored
        return cross_entropy(output, encoded, class_weights, mask)

    weights = np.ones(len(centers)) if class_weights is None else class_weights
    weighted = Partial(loss, class_weights=np.asarray(weights, np.float32))
    return Target(len(centers), weighted, partial(bins.decode, centers=centers), centers, prior)


def regression() -> Target:
    """Predict ab / 110 under the mean squared error: the Euclidean model, which tends to grey."""

    def to_ab(output, temperature=0.0):
        del temperature  # a regression has one answer
        return AB_SCALE * expected.floats("output", output, 2)

    return Target(2, euclidean, to_ab, None)


def arguments(target: Target) -> dict[str, Any]:
    """Return what differs between targets of one kind: the bins' weights in the loss, the prior.

    Given to a compiled program as an argument (a pytree of arrays), not as its constants, they let
    one program serve models that differ in nothing else. A loss of one's own has no such part
    unless it is a `jax.tree_util.Partial` of arrays.
    """
    loss = target.loss if isinstance(target.loss, Partial) else None
    return {"loss": loss, "prior": target.prior}


def with_arguments(target: Target, given: dict[str, Any]) -> Target:
    """Return the target with the `arguments` of another one of its kind."""
    loss = target.loss if given["loss"] is None else given["loss"]
    return target._replace(loss=loss, prior=given["prior"])
