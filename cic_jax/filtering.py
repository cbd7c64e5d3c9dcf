"""Minimal filtering: the matrices with which Winograd's algorithm makes convolutions products.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016: along one side,
F(4, r) makes 4 outputs of a filter with r taps by r + 3 products, not 4 r, as

    y = A^T [(G g) * (B^T d)]

with * elementwise. With stride 2 a row of 4 outputs is F(4, 2) of every other input with the outer
two of three taps, and the middle tap times the inputs between: 9 products for 12.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

STEP = 4  # outputs along one side of a tile
# The points, and infinity, at which polynomials are multiplied; with two taps all but the last.
# +-1/sqrt(2) and +-sqrt(2) round half as much as the paper's +-1 and +-2 (Barabasz et al., "Error
# Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020, on
# the choice).
POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])


class Filtering(NamedTuple):
    """The three matrices of F(4, taps), and how far it is from an output to the next."""

    input: Float[np.ndarray, "tile tile"]  # B^T
    kernel: Float[np.ndarray, "k taps"]  # G
    output: Float[np.ndarray, "4 tile"]  # A^T
    shares: tuple[int, ...]  # the row of G g that each element of B^T d is multiplied by
    stride: int = 1

    @property
    def period(self) -> int:
        """Inputs from a tile to the next."""
        return STEP * self.stride

    def outputs(self, inputs: int) -> int:
        """Along a side of so many inputs with one zero at either end."""
        return (inputs + 2 - self.kernel.shape[1]) // self.stride + 1

    def tiles(self, inputs: int) -> int:
        """That cover those outputs."""
        return -(-self.outputs(inputs) // STEP)


@cache
def filtering(taps: int, stride: int = 1) -> Filtering:
    """Of 2 or 3 taps, or of 3 with stride 2."""
    if stride == 2:
        return _halving(filtering(2))
    points = POINTS[: taps + STEP - 2]
    others = [np.delete(points, i) for i in range(len(points))]

    def values(size):
        """At the points, and the leading one, of a polynomial with `size` coefficients."""
        return np.vstack([np.vander(points, size, increasing=True), np.eye(size)[-1:]])

    # Lagrange: the product of (z - p) over the other points p, for each point, by coefficients.
    products = [np.append(np.poly(roots)[::-1], 0) for roots in others]
    scale = [np.prod(point - roots) for point, roots in zip(points, others, strict=True)] + [1]
    return Filtering(
        np.array([*products, np.poly(points)[::-1]]).round(12),  # zeros are exact, and left out
        values(taps) / np.array(scale)[:, None],
        values(STEP).T,
        tuple(range(taps + STEP - 1)),
    )


def _halving(outer: Filtering) -> Filtering:
    """3 taps and stride 2, from what does the outer two."""
    tile, k = 2 * STEP + 1, len(outer.kernel)
    transform, kernel = np.zeros((tile, tile)), np.zeros((k + 1, 3))
    transform[:k, ::2], transform[k:, 1::2] = outer.input, np.eye(STEP)
    kernel[:k, ::2], kernel[k, 1] = outer.kernel, 1
    output = np.hstack([outer.output, np.eye(STEP)])
    return Filtering(transform, kernel, output, outer.shares + STEP * (k,), stride=2)
