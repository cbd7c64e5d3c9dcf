"""Semantics: whether a classifier takes a coloured photograph for what it takes the true one for.

A classifier of ImageNet is the judge. What it says of the truth need not be right: only agreement
counts (CIC, section 3.2, has the accuracy of a classifier on coloured photographs instead).
"""

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int, Num


def agreement(
    truth: Int[np.ndarray, " n"], colored: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Return 1 where the judge's first choice is that on the true photograph, else 0."""
    return (truth == colored).astype(np.float64)


def frechet_distance(truth: Num[np.ndarray, "n d"], colored: Num[np.ndarray, "m d"]) -> float:
    """Compute the Frechet distance of two sets of features, each taken for a Gaussian.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) (Dowson and Landau, 1982; Heusel et al., 2017, with
    another network's features). It falls with the number of photographs: compare equal numbers
    only. Raises ValueError for fewer than two.
    """
    if min(len(truth), len(colored)) < 2:
        raise ValueError(f"expected two photographs or more, got {len(truth)}, {len(colored)}")
    means, roots = [], []
    for features in (truth, colored):
        x = np.asarray(features, np.float64)
        means.append(x.mean(axis=0))
        roots.append((x - means[-1]) / np.sqrt(len(x) - 1))
    # With S = R^T R, the eigenvalues of S1 S2 are the squared singular values of R1 R2^T.
    shared = scipy.linalg.svdvals(roots[0] @ roots[1].T).sum()
    spread = sum(np.sum(root**2) for root in roots)
    return float(np.sum((means[0] - means[1]) ** 2) + spread - 2 * shared)
