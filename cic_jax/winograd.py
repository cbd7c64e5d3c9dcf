"""Winograd's minimal filtering: a 3x3 correlation with 36 products for 16 outputs, not 144.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3): a tile of
4x4 outputs Y of a 6x6 tile of inputs d and a 3x3 kernel g is, summed over input channels,

    Y = A^T [(G g G^T) * (B^T d B)] A

with * elementwise, exactly in exact arithmetic. With channels each of the 36 elements is a matrix
product over all tiles. In float32 the result differs from the direct sum by about 3e-6 of its
largest value. F(4x4, 2x2) is the same with tiles of 5x5: 25 products for 64.

What is traced once for all layers of one shape is jitted: a network has many, of hundreds of
operations each, and a command that colours one photograph waits for each.

A 'grid' is a tuple of rows of arrays, one array per element of a tile: separate arrays, because
XLA's CPU backend multiplies those in place and would copy the slices of a single one.
"""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

Grid = tuple[tuple[Array, ...], ...]

STEP = 4  # outputs along one side of a tile
LEAST_CHANNELS = 64  # in and out; with fewer the transforms cost more than the products save

# The points, and infinity, at which polynomials are multiplied; with two taps all but the last.
# +-1/sqrt(2) and +-sqrt(2) round half as much as the paper's +-1 and +-2 (Barabasz et al., "Error
# Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020, on
# the choice).
POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])


class Filtering(NamedTuple):
    """The three matrices of F(4x4, taps x taps)."""

    input: Float[np.ndarray, "tile tile"]  # B^T
    kernel: Float[np.ndarray, "tile taps"]  # G
    output: Float[np.ndarray, "4 tile"]  # A^T


@cache
def filtering(taps: int) -> Filtering:
    """Of a kernel with 2 or 3 taps along a side; a tile has taps + 3 inputs."""
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
    )


def suits(kernel: Float[Array, "k k c d"]) -> bool:
    """Whether it is worth it. float32 only: the transforms magnify bfloat16's rounding too much."""
    size, channels = kernel.shape[0], kernel.shape[2:]
    return size in (2, 3) and min(channels) >= LEAST_CHANNELS and kernel.dtype == jnp.float32


@jax.custom_vjp
def convolve(x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"]) -> Array:
    """Correlate with stride 1 and one zero around x: 'b h+3-k w+3-k d', k being 2 or 3."""
    return correlate(x, transform_kernel(kernel))


@jax.jit
def transform_kernel(kernel: Float[Array, "k k c d"]) -> Grid:
    """G g G^T: a grid of arrays 'c d', 6x6 for k = 3 and 5x5 for k = 2."""
    taps = range(len(kernel))
    return _both_sides(filtering(len(taps)).kernel, [[kernel[u, v] for v in taps] for u in taps])


@jax.jit
def correlate(x: Float[Array, "b h w c"], transformed: Grid) -> Float[Array, "b h2 w2 d"]:
    """`convolve` with a kernel that `transform_kernel` has transformed."""
    taps = _taps(transformed)
    products = _products(jnp.matmul, _transform_input(x, taps), transformed)
    return _transform_output(products, x.shape)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Grid]]:
    transformed = transform_kernel(kernel)
    return correlate(x, transformed), (x, transformed)


@jax.jit
def _backward(residuals: tuple[Array, Grid], dy: Array) -> tuple[Array, Array]:
    """The adjoint of every stage in turn; the gradients of the products serve both results."""
    x, transformed = residuals
    taps = _taps(transformed)
    d_products = _transform_output_adjoint(dy, taps)
    d_inputs = _products(lambda dm, u: dm @ u.T, d_products, transformed)
    d_kernels = _products(lambda v, dm: v.T @ dm, _transform_input(x, taps), d_products)
    d_kernel = _both_sides(filtering(taps).kernel.T, d_kernels)
    return (
        _transform_input_adjoint(d_inputs, x.shape),
        jnp.stack([jnp.stack(row) for row in d_kernel]),
    )


convolve.defvjp(_forward, _backward)


def _taps(grid: Grid) -> int:
    """Of the kernel, along a side, that makes such a grid."""
    return len(grid) - STEP + 1


def _tiles(size: int, taps: int) -> int:
    """That cover the outputs along a side of `size` inputs."""
    return -(-(size + 3 - taps) // STEP)


def _transform_input(x: Float[Array, "b h w c"], taps: int) -> Grid:
    """B^T d B of all tiles: a grid of arrays 'tiles c'. A tile starts every 4 pixels."""
    b, h, w, c = x.shape
    matrix = filtering(taps).input
    rows, columns = _tiles(h, taps), _tiles(w, taps)
    below, right = STEP * (rows + 1) - h - 1, STEP * (columns + 1) - w - 1
    x = jnp.pad(x, ((0, 0), (1, below), (1, right), (0, 0)))
    x = x.reshape(b, rows + 1, STEP, columns + 1, STEP, c)

    def row(i):
        return x[:, i // STEP : i // STEP + rows, i % STEP]

    def element(x, j):
        return x[:, :, j // STEP : j // STEP + columns, j % STEP].reshape(-1, c)

    tile = range(len(matrix))
    half = lax.optimization_barrier(_combine(matrix, [row(i) for i in tile]))
    return tuple(_combine(matrix, [element(x, j) for j in tile]) for x in half)


def _transform_input_adjoint(grid: Grid, shape: tuple[int, ...]) -> Float[Array, "b h w c"]:
    """B d B^T, tiles added where they overlap."""
    b, h, w, c = shape
    taps = _taps(grid)
    matrix, rows, columns = filtering(taps).input.T, _tiles(h, taps), _tiles(w, taps)
    grid = tuple(tuple(x.reshape(b, rows, columns, c) for x in row) for row in grid)
    half = tuple(_overlap(_combine(matrix, column), axis=1) for column in zip(*grid, strict=True))
    half = lax.optimization_barrier(half)
    phases = [_overlap(_combine(matrix, row), axis=2) for row in zip(*half, strict=True)]
    return _interleave(phases)[:, 1 : h + 1, 1 : w + 1]


def _overlap(elements: tuple[Array, ...], axis: int) -> tuple[Array, ...]:
    """All elements of every tile along an axis -> the pixels of each residue modulo 4.

    Elements 4 and, of six, 5 lie on elements 0 and 1 of the next tile.
    """

    def place(x, offset):
        widths = [(0, 0)] * x.ndim
        widths[axis] = (offset, 1 - offset)
        return jnp.pad(x, widths)

    own = [place(x, 0) for x in elements[:STEP]]
    for i, x in enumerate(elements[STEP:]):
        own[i] = own[i] + place(x, 1)
    return tuple(own)


def _transform_output(grid: Grid, shape: tuple[int, ...]) -> Float[Array, "b h2 w2 d"]:
    """A^T m A, the 4x4 outputs of all tiles put in their places and cropped; `shape` is x's."""
    b, h, w = shape[:3]
    taps = _taps(grid)
    rows, columns, grown = _tiles(h, taps), _tiles(w, taps), 3 - taps
    outputs = _both_sides(filtering(taps).output, grid)
    images = [[y.reshape(b, rows, columns, -1) for y in row] for row in outputs]
    return _interleave(images)[:, : h + grown, : w + grown]


def _transform_output_adjoint(dy: Float[Array, "b h2 w2 d"], taps: int) -> Grid:
    """A dy A^T of all tiles: a grid of arrays 'tiles d'."""
    b, h, w, d = dy.shape
    rows, columns, matrix = -(-h // STEP), -(-w // STEP), filtering(taps).output.T
    dy = jnp.pad(dy, ((0, 0), (0, STEP * rows - h), (0, STEP * columns - w), (0, 0)))
    dy = dy.reshape(b, rows, STEP, columns, STEP, d)
    half = lax.optimization_barrier(_combine(matrix, [dy[:, :, i] for i in range(STEP)]))
    return tuple(
        _combine(matrix, [x[:, :, :, j].reshape(-1, d) for j in range(STEP)]) for x in half
    )


def _interleave(phases: list) -> Float[Array, "b h w c"]:
    """4x4 images 'b i j c' of every fourth pixel -> 'b 4*i 4*j c'."""
    x = jnp.stack([jnp.stack(row, axis=3) for row in phases], axis=2)
    b, rows, _, columns, _, c = x.shape
    return x.reshape(b, STEP * rows, STEP * columns, c)


def _both_sides(matrix: np.ndarray, grid) -> Grid:
    """matrix X matrix^T for the grid X."""
    half = tuple(_combine(matrix, column) for column in zip(*grid, strict=True))
    half = lax.optimization_barrier(half)  # else XLA recomputes the first sums in each second one
    return tuple(_combine(matrix, row) for row in zip(*half, strict=True))


def _combine(matrix: np.ndarray, arrays) -> tuple[Array, ...]:
    """The matrix times a column of arrays, written out so that XLA makes one loop of each sum."""
    return tuple(
        sum(float(m) * x for m, x in zip(row, arrays, strict=True) if m != 0) for row in matrix
    )


def _products(multiply, left: Grid, right: Grid) -> Grid:
    """An elementwise (of the grid) product of two grids."""
    pairs = zip(left, right, strict=True)
    return tuple(tuple(map(multiply, *pair)) for pair in pairs)
