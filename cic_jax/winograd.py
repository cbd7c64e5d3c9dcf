"""Winograd's minimal filtering: a 3x3 correlation with 36 products for 16 outputs, not 144.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3): a tile of
4x4 outputs Y of a 6x6 tile of inputs d and a 3x3 kernel g is, summed over input channels,

    Y = A^T [(G g G^T) * (B^T d B)] A

with * elementwise, exactly in exact arithmetic. With channels each of the 36 elements is a matrix
product over all tiles. In float32 the result differs from the direct sum by about 3e-6 of its
largest value. F(4x4, 2x2) is the same with tiles of 5x5: 25 products for 64. With stride 2 tiles
are of 9x9: 81 products for 144.

What is traced once for all layers of one shape is jitted: a network has many, of hundreds of
operations each, and a command that colours one photograph waits for each.

A 'grid' is a tuple of rows of arrays, one array per element of a tile: separate arrays, because
XLA's CPU backend multiplies those in place and would copy the slices of a single one.
"""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cic_jax.filtering import STEP, Filtering, filtering
from cic_jax.fusion import apart

Grid = tuple[tuple[Array, ...], ...]

LEAST_CHANNELS = 64  # in and out; with fewer the transforms cost more than the products save


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
    return _transform_kernel(kernel, filtering(len(kernel)))


@jax.jit
def correlate(x: Float[Array, "b h w c"], transformed: Grid) -> Float[Array, "b h2 w2 d"]:
    """`convolve` with a kernel that `transform_kernel` has transformed."""
    by = filtering(len(transformed) - STEP + 1)
    return _transform_output(_products(jnp.matmul, _transform_input(x, by), transformed), x, by)


@jax.jit
def gradients_of_halving(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"], dy: Float[Array, "b h2 w2 d"]
) -> tuple[Array, Array]:
    """Of a correlation with stride 2 and one zero around x, by x and by the kernel.

    Only they gain by the algorithm: XLA's own forward pass is as fast.
    """
    by = filtering(3, stride=2)
    return _gradients(x, _transform_kernel(kernel, by), dy, by)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Grid]]:
    transformed = transform_kernel(kernel)
    return correlate(x, transformed), (x, transformed)


@jax.jit
def _backward(residuals: tuple[Array, Grid], dy: Array) -> tuple[Array, Array]:
    x, transformed = residuals
    return _gradients(x, transformed, dy, filtering(len(transformed) - STEP + 1))


convolve.defvjp(_forward, _backward)


def _gradients(x: Array, transformed: Grid, dy: Array, by: Filtering) -> tuple[Array, Array]:
    """The adjoint of every stage in turn; the gradients of the products serve both results."""
    d_products = _transform_output_adjoint(dy, by)
    d_inputs = _products(lambda dm, u: dm @ u.T, d_products, _share(transformed, by))
    d_kernels = _products(lambda v, dm: v.T @ dm, _transform_input(x, by), d_products)
    d_kernel = _both_sides(by.kernel.T, _share_adjoint(d_kernels, by))
    return (
        _transform_input_adjoint(d_inputs, x.shape, by),
        jnp.stack([jnp.stack(row) for row in d_kernel]),
    )


def _transform_kernel(kernel: Float[Array, "k k c d"], by: Filtering) -> Grid:
    return _both_sides(by.kernel, [list(row) for row in kernel])


def _share(transformed: Grid, by: Filtering) -> Grid:
    """The transformed kernel's element that multiplies each element of a tile."""
    return tuple(tuple(transformed[i][j] for j in by.shares) for i in by.shares)


def _share_adjoint(grid: Grid, by: Filtering) -> Grid:
    """The sums over the elements of a tile that share one of the kernel's."""
    totals: dict[tuple[int, int], Array] = {}
    for i, row in zip(by.shares, grid, strict=True):
        for j, x in zip(by.shares, row, strict=True):
            totals[i, j] = totals[i, j] + x if (i, j) in totals else x
    size = range(len(by.kernel))
    return tuple(tuple(totals[i, j] for j in size) for i in size)


def _transform_input(x: Float[Array, "b h w c"], by: Filtering) -> Grid:
    """B^T d B of all tiles: a grid of arrays 'tiles c'."""
    (h, w), period, tile = x.shape[1:3], by.period, by.input
    rows, columns = by.tiles(h), by.tiles(w)
    below, right = period * (rows + 1) - h - 1, period * (columns + 1) - w - 1

    def pad(x):
        x = jnp.pad(x, ((0, 0), (1, below), (1, right), (0, 0)))
        return x.reshape(len(x), rows + 1, period, columns + 1, period, -1)

    def first(x):
        return _combine(tile, [x[:, i // period :][:, :rows, i % period] for i in range(len(tile))])

    def second(x):
        elements = [x[:, :, j // period :][:, :, :columns, j % period] for j in range(len(tile))]
        return _combine(tile, [element.reshape(-1, x.shape[-1]) for element in elements])

    return tuple(map(second, apart(first, apart(pad, x))))


def _transform_input_adjoint(
    grid: Grid, shape: tuple[int, ...], by: Filtering
) -> Float[Array, "b h w c"]:
    """B d B^T, tiles added where they overlap."""
    b, h, w, c = shape
    rows, columns = by.tiles(h), by.tiles(w)
    grid = tuple(tuple(x.reshape(b, rows, columns, c) for x in row) for row in grid)

    def along(axis, grid):
        columns = zip(*grid, strict=True)
        return tuple(_overlap(_combine(by.input.T, x), by.period, axis) for x in columns)

    phases = along(2, along(1, grid))  # in one: apart took longer
    return _interleave(phases)[:, 1 : h + 1, 1 : w + 1]


def _overlap(elements: tuple[Array, ...], period: int, axis: int) -> tuple[Array, ...]:
    """All elements of every tile along an axis -> the pixels of each residue modulo the period.

    An element after the period lies on one of the first of the next tile.
    """

    def place(x, offset):
        widths = [(0, 0)] * x.ndim
        widths[axis] = (offset, 1 - offset)
        return jnp.pad(x, widths)

    own = [place(x, 0) for x in elements[:period]]
    for i, x in enumerate(elements[period:]):
        own[i] = own[i] + place(x, 1)
    return tuple(own)


def _transform_output(
    grid: Grid, x: Float[Array, "b h w c"], by: Filtering
) -> Float[Array, "b h2 w2 d"]:
    """A^T m A, the 4x4 outputs of all tiles put in their places and cropped; x is the input."""
    b, h, w = x.shape[:3]
    outputs = _both_sides(by.output, grid)
    size = (b, by.tiles(h), by.tiles(w), -1)
    images = tuple(tuple(y.reshape(size) for y in row) for row in outputs)
    return _interleave(images)[:, : by.outputs(h), : by.outputs(w)]


def _transform_output_adjoint(dy: Float[Array, "b h2 w2 d"], by: Filtering) -> Grid:
    """A dy A^T of all tiles: a grid of arrays 'tiles d'."""
    b, h, w, d = dy.shape
    rows, columns, matrix = -(-h // STEP), -(-w // STEP), by.output.T

    def pad(dy):
        dy = jnp.pad(dy, ((0, 0), (0, STEP * rows - h), (0, STEP * columns - w), (0, 0)))
        return dy.reshape(b, rows, STEP, columns, STEP, d)

    def first(dy):
        return _combine(matrix, [dy[:, :, i] for i in range(STEP)])

    def second(x):
        return _combine(matrix, [x[:, :, :, j].reshape(-1, d) for j in range(STEP)])

    return tuple(map(second, apart(first, apart(pad, dy))))


def _interleave(phases: Grid) -> Float[Array, "b h w c"]:
    """n x n images 'b i j c' of every n-th pixel -> 'b n*i n*j c'."""
    x = jnp.stack([jnp.stack(row, axis=3) for row in phases], axis=2)
    b, rows, n, columns, _, c = x.shape
    return x.reshape(b, n * rows, n * columns, c)


def _both_sides(matrix: np.ndarray, grid) -> Grid:
    """matrix X matrix^T for the grid X."""

    def by_rows(grid):
        return tuple(_combine(matrix, row) for row in grid)

    half = apart(by_rows, tuple(zip(*grid, strict=True)))
    return by_rows(tuple(zip(*half, strict=True)))


def _combine(matrix: np.ndarray, arrays) -> tuple[Array, ...]:
    """The matrix times a column of arrays, written out so that XLA makes one loop of each sum.

    By `lax`: a network has thousands of these, and the operators take three times as long to trace.
    """

    def total(row):
        terms = [lax.mul(x, float(m)) for m, x in zip(row, arrays, strict=True) if m != 0]
        return reduce(lax.add, terms)

    return tuple(map(total, matrix))


def _products(multiply, left: Grid, right: Grid) -> Grid:
    """An elementwise (of the grid) product of two grids."""
    pairs = zip(left, right, strict=True)
    return tuple(tuple(map(multiply, *pair)) for pair in pairs)
