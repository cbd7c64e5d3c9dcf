"""Alternative colourings of one photograph, similarly probable and each coherent."""

import numpy as np
from jaxtyping import Float

from cic_jax import bins


def tilts(
    p: Float[np.ndarray, "i j q"],
    centers: Float[np.ndarray, "q 2"],
    count: int,
    spread: float,
) -> Float[np.ndarray, "n q"]:
    """Compute logit offsets for `count` alternative colourings; the first adds nothing.

    Candidate k reads out p_k ~ p exp(u_k . ab): of all distributions whose mean is moved as far,
    the one nearest to p (an exponential tilt; Csiszar, "I-divergence geometry", 1975). All cells
    share u_k, so what belongs together moves together, and a cell moves by its covariance times
    u_k: much where the network is in doubt, hardly where it is sure. The u_k point all around,
    measured in standard deviations of the mean covariance of all cells: each moves colour by
    `spread` of these and costs spread^2 / 2 nats of divergence a cell, to second order. The second
    candidate goes along the axis of greatest doubt. A variance below the
    square of a bin's width is raised to it: it expresses no doubt. Raises ValueError for no
    candidates or a negative spread.
    """
    if count < 1 or not spread >= 0:
        raise ValueError(f"expected count >= 1 and spread >= 0, got {count} and {spread}")
    mean = p @ centers
    second = np.einsum("ijq,qa,qb->ab", p, centers, centers, optimize=True)
    first = np.einsum("ija,ijb->ab", mean, mean)
    variance, axes = np.linalg.eigh((second - first) / (p.shape[0] * p.shape[1]))
    # Greatest doubt first; eigenvectors come with either sign, and one must be chosen.
    variance, axes = np.maximum(variance[::-1], bins.pitch(centers) ** 2), axes[:, ::-1]
    axes = axes * np.where(axes.sum(axis=0) < 0, -1, 1)
    angle = 2 * np.pi * np.arange(count - 1) / max(1, count - 1)
    along = np.stack([np.cos(angle), np.sin(angle)], axis=-1) / np.sqrt(variance)
    tilted = spread * along @ axes.T @ centers.T
    return np.concatenate([np.zeros((1, len(centers))), tilted]).astype(np.float32)
