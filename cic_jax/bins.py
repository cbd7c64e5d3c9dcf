"""Colour bins of the ab plane: encoding colours as sparse distributions, and decoding them.

Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016 (CIC), sections 2.2 and 2.3.
"""

import functools
import importlib.resources

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

from cic_jax import expected

PITCH = 10.0  # units of a and b between neighbouring centres
CELL = 2.0  # side of a cell of the table of candidates
TEMPERATURE = 0.38  # of the annealed mean: CIC's compromise between mean and mode
LIMIT = 128.0  # the table covers a and b in [-LIMIT, LIMIT]; every sRGB colour lies inside


def _read_table() -> np.ndarray:
    path = importlib.resources.files("cic_jax") / "tables" / "imagenet_prior_313.csv"
    with path.open() as lines:
        return np.loadtxt(lines, delimiter=",", skiprows=1)


TABLE = _read_table()  # columns a, b, probability: CIC's bins in their published order
CENTERS = TABLE[:, :2].astype(np.float32)


def pitch(centers: Num[np.ndarray, "q 2"]) -> float:
    """Return the distance between neighbouring centres of a grid."""
    steps = np.concatenate([np.diff(np.unique(axis)) for axis in centers.T])
    return float(steps.min())


def encode(
    ab: Float[Array, "*b 2"],
    neighbors: int = 5,
    sigma: float = 5.0,
    centers: Num[np.ndarray, "q 2"] = CENTERS,
) -> tuple[Int[Array, "*b {neighbors}"], Float[Array, "*b {neighbors}"]]:
    """Encode colours softly: indices of the nearest bins, nearest first, and weights of sum 1.

    The weights are exp(-d^2 / (2 sigma^2)), normalised, with d the distance to the centre (CIC,
    section 2.1). One neighbour gives the one-hot encoding. Ties go to the lower index. a and b
    are clipped to +-128. A table lists, for each small cell of the plane, the few bins that can be
    nearest, so that no colour is compared with all bins. A colour of NaN gets weights of NaN.
    Raises TypeError for integers, and ValueError for another last axis, for `sigma` <= 0 and unless
    `neighbors` is between 1 and the number of bins.
    """
    if not sigma > 0:
        raise ValueError(f"sigma: expected more than 0, got {sigma}")
    ab = expected.floats("ab", ab, 2)
    table = _candidates(np.ascontiguousarray(centers, np.float32).tobytes(), neighbors)
    ab = jnp.clip(ab, -LIMIT, LIMIT)
    side = round(2 * LIMIT / CELL)
    cell = jnp.clip((ab + LIMIT) / CELL, 0, side - 1).astype(jnp.int32)
    candidates = jnp.asarray(table)[cell[..., 0] * side + cell[..., 1]]
    offset = jnp.asarray(centers, jnp.float32)[candidates] - ab[..., None, :]
    distance = jnp.sum(offset**2, axis=-1)

    # A candidate's rank is the number of candidates nearer than it; candidates ascend by index.
    nearer = distance[..., None, :] < distance[..., :, None]
    tied = distance[..., None, :] == distance[..., :, None]
    lower = np.tri(table.shape[1], k=-1, dtype=bool)
    rank = jnp.sum(nearer | (tied & lower), axis=-1)
    chosen = rank[..., None, :] == np.arange(neighbors)[:, None]
    indices = jnp.sum(jnp.where(chosen, candidates[..., None, :], 0), axis=-1)
    nearest = jnp.sum(jnp.where(chosen, distance[..., None, :], 0.0), axis=-1)
    # Relative to the nearest: colours far outside the bins would underflow to 0 / 0.
    weights = jnp.exp((nearest[..., :1] - nearest) / (2 * sigma**2))
    return indices, weights / jnp.sum(weights, axis=-1, keepdims=True)


def decode(
    logits: Float[Array, "*b q"],
    temperature: Float[Array, ""] | float = TEMPERATURE,
    centers: Num[np.ndarray, "q 2"] = CENTERS,
) -> Float[Array, "*b 2"]:
    """Compute the annealed mean, the expectation under softmax(logits / T) (CIC, equation 5).

    T = 1 gives the mean and T = 0 the mode (tied bins share it); values between trade consistency
    for vividness. The largest logit is subtracted first, so that no T in [0, 1] overflows. Raises
    TypeError for integers, and ValueError unless there is a logit for each bin.
    """
    logits = expected.floats("logits", logits, len(centers))
    weights = distribution(logits, temperature)
    # Full precision: TF32 would move the mean by a tenth of a unit.
    return jnp.matmul(weights, jnp.asarray(centers, weights.dtype), precision="highest")


def distribution(
    logits: Float[Array, "*b q"], temperature: Float[Array, ""] | float = 1.0
) -> Float[Array, "*b q"]:
    """Compute softmax(logits / T), f_T of CIC's equation 5; at T = 0 the largest takes all.

    Half precision comes back as float32. Raises TypeError for integers.
    """
    logits = expected.floats("logits", logits)
    shifted = logits - jnp.max(logits, axis=-1, keepdims=True)
    # This divisor, in place of 0, keeps the largest at 0 and sends the others towards -inf.
    divisor = jnp.maximum(temperature, jnp.finfo(logits.dtype).tiny)
    return jax.nn.softmax(shifted / divisor, axis=-1)


def certainty(logits: Float[Array, "*b q"]) -> Float[Array, "*b 1"]:
    """Compute 1 - H / log Q, with H the entropy of softmax(logits): 1 is one bin, 0 all alike.

    Raises TypeError for integers.
    """
    logits = expected.floats("logits", logits)
    log_p = jax.nn.log_softmax(logits, axis=-1)
    entropy = -jnp.sum(jnp.exp(log_p) * log_p, axis=-1, keepdims=True)
    return jnp.clip(1.0 - entropy / np.log(logits.shape[-1]), 0.0, 1.0)


def square(limit: float = 120.0, pitch: float = PITCH) -> Float[np.ndarray, "q 2"]:
    """Return the centres of a square grid over a and b in [-limit, limit], sorted by a, then b."""
    axis = np.arange(-limit, limit + pitch / 2, pitch, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def occupied(
    counts: Num[np.ndarray, " q"], centers: Float[np.ndarray, "q 2"]
) -> Float[np.ndarray, "p 2"]:
    """Keep the centres with a positive count, as the study does: of its 625 cells, 212 remain."""
    return centers[np.asarray(counts) > 0]


@functools.cache
def _candidates(centers: bytes, neighbors: int) -> Int[np.ndarray, "cells m"]:
    """List, for each cell, the bins among the nearest `neighbors` of some point in it.

    A bin is ruled out if its least distance to the cell exceeds the largest distance of `neighbors`
    others. Rows ascend by index; shorter ones are filled up with the next nearest bins.
    """
    points = np.frombuffer(centers, np.float32).reshape(-1, 2).astype(np.float64)
    if not 1 <= neighbors <= len(points):
        raise ValueError(f"neighbors must be in [1, {len(points)}], the bins; it is {neighbors}")
    middle = np.arange(-LIMIT + CELL / 2, LIMIT, CELL)
    cells = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    offset = np.abs(points - cells)
    least = np.hypot(*np.moveaxis(np.maximum(offset - CELL / 2, 0), -1, 0))
    most = np.hypot(*np.moveaxis(offset + CELL / 2, -1, 0))
    reach = np.partition(most, neighbors - 1, axis=-1)[:, neighbors - 1, None]
    width = int(np.max(np.sum(least <= reach, axis=-1)))
    nearest = np.argsort(least, axis=-1, kind="stable")[:, :width]
    return np.sort(nearest, axis=-1).astype(np.int32)
