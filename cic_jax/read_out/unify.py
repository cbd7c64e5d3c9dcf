"""One thing, one colour: the cells of a thing share what the network makes of each.

Each cell's distribution is predicted by itself, so that a car that may be red or blue becomes half
red and half blue. Here neighbouring cells of like distribution and lightness are joined to
segments, and the logarithms of a segment's distributions are averaged: what most cells lean to
wins in all of them. A share of its own remains with each cell, for segments that hold two things.
"""

import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int

STRENGTH = 0.6  # of `pool`, for a model without one of its own
AXES = 6  # principal axes of the distributions by which cells are compared
ROUNDS = 12  # of orthogonal iteration, which finds them
SAMPLED = 4  # every so many cells tell the axes
LIGHTNESS = 0.6  # weight of lightness beside them
SCALE = 400.0  # of the segmentation: the larger, the larger are segments
SMALLEST = 24  # cells of a segment


def pool(
    output: Float[np.ndarray, "i j q"], L: Float[np.ndarray, "i j"], strength: float
) -> Float[np.ndarray, "i j q"]:
    """Mix the log-probabilities of each cell with the mean over its segment.

    Args:
        output: Logits of the cells.
        L: Lightness of the cells, in [0, 100].
        strength: Share of the mean, from 0 to 1.
    """
    if strength == 0:
        return output
    own = output - np.max(output, axis=-1, keepdims=True)
    own -= np.log(np.sum(np.exp(own), axis=-1, keepdims=True))
    labels = segments(np.exp(own), L).ravel()
    flat = own.reshape(len(labels), -1)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    counts = np.diff(starts, append=len(labels))
    means = np.add.reduceat(flat[order], starts, axis=0) / counts[:, None]
    mixed = flat + strength * (means[labels] - flat)
    return mixed.reshape(output.shape).astype(np.float32)


def shared(
    output: Float[Array, "b i j q"], L: Float[Array, "b i j"], strength: float
) -> Float[Array, "b i j q"]:
    """`pool` each photograph of a batch, within a compiled function: it is called on the host."""
    if strength == 0:
        return output

    def pooled(output, L):
        pairs = zip(np.asarray(output), np.asarray(L), strict=True)
        return np.stack([pool(logits, means, strength) for logits, means in pairs])

    return jax.pure_callback(pooled, jax.ShapeDtypeStruct(output.shape, np.float32), output, L)


def segments(p: Float[np.ndarray, "i j q"], L: Float[np.ndarray, "i j"]) -> Int[np.ndarray, "i j"]:
    """Join neighbouring cells of like distribution and lightness (Felzenszwalb et al., 2004).

    Distributions are compared by the Hellinger distance, along its principal axes. The segments'
    numbers begin at 0 and leave none out.
    """
    h, w, q = p.shape
    roots = np.sqrt(p).reshape(-1, q)
    along = (roots @ _axes(roots)).reshape(h, w, -1)
    features = np.concatenate([along, LIGHTNESS * L[..., None] / 100], axis=-1)
    with warnings.catch_warnings():
        # It doubts that more than three channels are meant; they are.
        warnings.filterwarnings("ignore", "Got image with third dimension", RuntimeWarning)
        labels = prepare_segments()(
            features.astype(np.float64), SCALE, sigma=0, min_size=SMALLEST, channel_axis=-1
        )
    return np.unique(labels, return_inverse=True)[1].reshape(h, w)


def prepare_segments() -> Callable[..., Any]:
    """Load scikit-image's segmentation: it takes a while, and not every model asks for it."""
    from skimage.segmentation import felzenszwalb

    return felzenszwalb


def _axes(roots: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "q axes"]:
    """Find the principal axes by orthogonal iteration: all eigenvectors would take far longer."""
    some = roots[::SAMPLED] - roots.mean(axis=0)
    covariance = some.T @ some
    axes = first_axes(len(covariance))
    for _ in range(ROUNDS):
        axes = np.linalg.qr(covariance @ axes)[0]
    return axes


def first_axes(bins: int) -> Float[np.ndarray, "q axes"]:
    """Return the axes that the iteration begins with: they point anywhere, always alike."""
    return np.random.default_rng(0).normal(size=(bins, AXES)).astype(np.float32)
