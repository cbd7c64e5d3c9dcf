"""Frequencies of the colour bins, and what balances them: class weights, adjusted logits."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

from cic_jax import bins, expected

UNIFORM = 0.05  # share of the uniform distribution in the prior that `adjust` divides by

# CIC's prior over ImageNet's training set, which its author says is already smoothed.
IMAGENET = bins.TABLE[:, 2].astype(np.float32)


def count(
    encoded: tuple[Int[Array, "*b k"], Float[Array, "*b k"]], bin_count: int
) -> Float[Array, " q"]:
    """Sum the weight that each bin receives from encoded colours; those of other bins are dropped.

    Raises ValueError where indices and weights have different shapes.
    """
    indices, weights = encoded
    expected.same_shape("weights of the encoding", weights, indices.shape, "its indices")
    return jnp.zeros(bin_count).at[indices.ravel()].add(weights.ravel())


def smooth(
    p: Num[np.ndarray, " q"], sigma: float = 5.0, centers: Num[np.ndarray, "q 2"] = bins.CENTERS
) -> Float[np.ndarray, " q"]:
    """Convolve a distribution with a Gaussian in the ab plane; bins are its sample points.

    Each bin spreads all of its probability over existing bins: the sum is kept, and nothing leaks
    out of the gamut. Raises ValueError unless there is a probability for each bin.
    """
    expected.same_shape("p", p, (len(centers),), "the list of bins")
    distance = np.sum((centers[:, None] - centers[None]) ** 2, axis=-1, dtype=np.float64)
    kernel = np.exp(-distance / (2 * sigma**2))
    spread = kernel / np.sum(kernel, axis=0)
    return (spread @ np.asarray(p, np.float64)).astype(np.float32)


def class_weights(p: Num[np.ndarray, " q"], mix: float = 0.5) -> Float[np.ndarray, " q"]:
    """Compute rebalancing weights w ~ 1 / ((1 - mix) p + mix / Q), scaled so that sum(p w) = 1.

    CIC, equation 4, where `mix` is lambda: 1 gives no rebalancing, 0 the inverse frequency, which
    needs a p without zeros. Raises ValueError if p is no distribution or mix is not in [0, 1].
    """
    p = np.asarray(p, np.float64)
    if p.min() < 0 or not np.isclose(p.sum(), 1.0, atol=1e-3):
        extent = f"its minimum is {p.min():.4g}, its sum {p.sum():.4g}"
        raise ValueError(f"p must be a distribution of sum 1; {extent}: divide counts by their sum")
    if not 0 <= mix <= 1 or (mix == 0 and p.min() == 0):
        raise ValueError(f"mix must be in [0, 1], above 0 where a bin is empty; it is {mix}")
    return _inverse(p / p.sum(), mix).astype(np.float32)


def _inverse(p: Num[Array, " q"] | Num[np.ndarray, " q"], mix: float) -> Any:
    """Compute CIC's equation 4 for a p of sum 1, an array of NumPy or of JAX."""
    weights = 1.0 / ((1.0 - mix) * p + mix / len(p))
    return weights / (p * weights).sum()


def adjust(
    logits: Float[Array, "*b q"],
    p: Num[Array, " q"] | Num[np.ndarray, " q"],
    tau: Float[Array, ""] | float,
    mix: float = UNIFORM,
) -> Float[Array, "*b q"]:
    """Rebalance a trained network's logits: logits - tau log((1 - mix) p + mix / Q), up to a sum.

    The logit adjustment of Menon et al., "Long-tail learning via logit adjustment", ICLR 2021: the
    distribution is divided by the prior to the power tau, so that rare colours gain. With tau = 1
    it has the effect that training with `class_weights(p, mix)` aims at, but is chosen afterwards;
    0 changes nothing. Raises TypeError for integers, and ValueError unless there is a logit for
    each bin.
    """
    logits = expected.floats("logits", logits, len(p))
    return logits + tau * jnp.log(_inverse(p, mix))
