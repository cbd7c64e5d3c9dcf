"""Minimal filtering: the matrices by which Winograd's algorithm turns convolutions into products.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016: along one side,
F(4, r) makes 4 outputs of a filter with r taps by r + 3 products, not 4 r, as

    y = A^T [(G g) * (B^T d)]

with * elementwise. A convolution of stride 2, and its adjoint, which doubles the resolution, filter
every other input or output, each with some of the taps; their matrices are composed of those of
F(4, 2).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

STEP = 4  # outputs along one side of a tile of F(4, r)
# The points, and infinity, at which polynomials are multiplied; with two taps all but the last.
# +-1/sqrt(2) and +-sqrt(2) round half as much as the paper's +-1 and +-2 (Barabasz et al., "Error
# Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020, on
# the choice).
POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])


class Filtering(NamedTuple):
    """The three matrices of a filter, and the distance from one tile of inputs to the next."""

    input: Float[np.ndarray, "n tile"]  # B^T
    kernel: Float[np.ndarray, "k taps"]  # G
    output: Float[np.ndarray, "step n"]  # A^T
    shares: tuple[int, ...]  # the row of G g that each of the n elements of B^T d is multiplied by
    period: int

    def outputs(self, inputs: int) -> int:
        """Count the outputs along a side of `inputs` pixels with one zero at either end."""
        return -(-inputs * len(self.output) // self.period)

    def tiles(self, inputs: int) -> int:
        """Count the tiles that cover those outputs."""
        return -(-inputs // self.period)


@cache
def same() -> Filtering:
    """Build F(4, 3): 3 taps, stride 1."""
    return _minimal(3)


@cache
def halve() -> Filtering:
    """Build a filter of 3 taps and stride 2.

    The outer taps see every other input, the middle one the inputs between. 9 products for 4
    outputs, not 12.
    """
    outer = _minimal(2)
    n, k = 2 * STEP + 1, len(outer.kernel)
    transform, kernel = np.zeros((n, n)), np.zeros((k + 1, 3))
    transform[:k, ::2], transform[k:, 1::2] = outer.input, np.eye(STEP)
    kernel[:k, ::2], kernel[k, 1] = outer.kernel, 1
    output = np.hstack([outer.output, np.eye(STEP)])
    return Filtering(transform, kernel, output, outer.shares + STEP * (k,), 2 * STEP)


@cache
def double() -> Filtering:
    """Build a filter of 4 taps that doubles: input i adds to the outputs 2 i - 1 to 2 i + 2.

    Output 2 i thus applies taps 3 and 1 to inputs i - 1 and i, and output 2 i + 1 taps 2 and 0 to
    inputs i and i + 1. 10 products for 8 outputs, not 16.
    """
    base = _minimal(2)
    n = len(base.input)
    transform, kernel = np.zeros((2 * n, n + 1)), np.zeros((2 * n, 4))
    transform[:n, :-1], transform[n:, 1:] = base.input, base.input
    kernel[:n, [3, 1]], kernel[n:, [2, 0]] = base.kernel, base.kernel
    output = np.zeros((2 * STEP, 2 * n))
    output[::2, :n], output[1::2, n:] = base.output, base.output
    return Filtering(transform, kernel, output, tuple(range(2 * n)), STEP)


def _minimal(taps: int) -> Filtering:
    """Build F(4, taps), for 2 or 3 taps."""
    points = POINTS[: taps + STEP - 2]
    others = [np.delete(points, i) for i in range(len(points))]

    def values(size):
        """Evaluate a polynomial of `size` coefficients at the points; last its leading one."""
        return np.vstack([np.vander(points, size, increasing=True), np.eye(size)[-1:]])

    # Lagrange: the product of (z - p) over the other points p, for each point, by coefficients.
    products = [np.append(np.poly(roots)[::-1], 0) for roots in others]
    scale = [np.prod(point - roots) for point, roots in zip(points, others, strict=True)] + [1]
    return Filtering(
        np.array([*products, np.poly(points)[::-1]]).round(12),  # zeros are exact, and left out
        values(taps) / np.array(scale)[:, None],
        values(STEP).T,
        tuple(range(taps + STEP - 1)),
        STEP,
    )
