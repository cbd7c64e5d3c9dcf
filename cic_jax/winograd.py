"""Winograd's minimal filtering: a 3x3 correlation with 36 products for 16 outputs, not 144.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3): a tile of
4x4 outputs Y of a 6x6 tile of inputs d and a 3x3 kernel g is, summed over input channels,

    Y = A^T [(G g G^T) * (B^T d B)] A

with * elementwise, exactly in exact arithmetic. With channels each of the 36 elements is a matrix
product over all tiles. In float32 the result differs from the direct sum by about 3e-6 of its
largest value. With stride 2 there are 81 products for 144, and a 4x4 kernel that doubles the
resolution takes 100 products for 64 outputs, not 256: see `cic_jax.filtering`.

What is traced once for all layers of one shape is jitted: a network has many, of hundreds of
operations each, and a command that colours one photograph waits for each.

A 'grid' is a tuple of rows of arrays, one array per element of a tile: separate arrays, because
XLA's CPU backend multiplies those in place and would copy the slices of a single one.
"""

from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cic_jax import filtering
from cic_jax.filtering import Filtering
from cic_jax.fusion import apart

Grid = tuple[tuple[Array, ...], ...]

# What a convolution does to the resolution.
KINDS = {"same": filtering.same, "halve": filtering.halve, "double": filtering.double}
LEAST_CHANNELS = 64  # in and out; with fewer the transforms cost more than the products save


def suits(kernel: Float[Array, "k k c d"]) -> bool:
    """Whether it is worth it. float32 only: the transforms magnify bfloat16's rounding too much."""
    size, channels = kernel.shape[0], kernel.shape[2:]
    return size in (3, 4) and min(channels) >= LEAST_CHANNELS and kernel.dtype == jnp.float32


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(
    x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"], kind: str
) -> Float[Array, "b h2 w2 d"]:
    """Correlate with one zero around x; h2, w2 are h, w, or half or double of it, by `kind`."""
    return correlate(x, transform_kernel(kernel, kind), kind)


@partial(jax.jit, static_argnames="kind")
def transform_kernel(kernel: Float[Array, "k k c d"], kind: str) -> Grid:
    """G g G^T: a grid of arrays 'c d'."""
    return _both_sides(KINDS[kind]().kernel, [list(row) for row in kernel])


@partial(jax.jit, static_argnames="kind")
def correlate(
    x: Float[Array, "b h w c"], transformed: Grid, kind: str
) -> Float[Array, "b h2 w2 d"]:
    """`convolve` with a kernel that `transform_kernel` has transformed."""
    by = KINDS[kind]()
    products = _products(jnp.matmul, _transform_input(x, by), _share(transformed, by))
    return _transform_output(products, x, by)


@partial(jax.jit, static_argnames="kind")
def gradients(
    x: Float[Array, "b h w c"], transformed: Grid, dy: Float[Array, "b h2 w2 d"], kind: str
) -> tuple[Array, Array]:
    """Of `convolve`, by x and by the kernel, whose transform is taken.

    The adjoint of every stage in turn; the gradients of the products serve both results.
    """
    by = KINDS[kind]()
    d_products = _transform_output_adjoint(dy, by)
    d_inputs = _products(lambda dm, u: dm @ u.T, d_products, _share(transformed, by))
    d_kernels = _products(lambda v, dm: v.T @ dm, _transform_input(x, by), d_products)
    d_kernel = _both_sides(by.kernel.T, _share_adjoint(d_kernels, by))
    return (
        _transform_input_adjoint(d_inputs, x.shape, by),
        jnp.stack([jnp.stack(row) for row in d_kernel]),
    )


def _forward(x: Array, kernel: Array, kind: str) -> tuple[Array, tuple[Array, Grid]]:
    transformed = transform_kernel(kernel, kind)
    return correlate(x, transformed, kind), (x, transformed)


convolve.defvjp(_forward, lambda kind, residuals, dy: gradients(*residuals, dy, kind))


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
    (h, w), period, tile = x.shape[1:3], by.period, range(by.input.shape[1])
    rows, columns = by.tiles(h), by.tiles(w)
    below, right = period * (rows + 1) - h - 1, period * (columns + 1) - w - 1

    def pad(x):
        x = jnp.pad(x, ((0, 0), (1, below), (1, right), (0, 0)))
        return x.reshape(len(x), rows + 1, period, columns + 1, period, -1)

    def first(x):
        return _combine(by.input, [x[:, i // period :][:, :rows, i % period] for i in tile])

    def second(x):
        elements = [x[:, :, j // period :][:, :, :columns, j % period] for j in tile]
        return _combine(by.input, [element.reshape(-1, x.shape[-1]) for element in elements])

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
    """A^T m A, the outputs of all tiles put in their places and cropped; x is the input."""
    b, h, w = x.shape[:3]
    outputs = _both_sides(by.output, grid)
    size = (b, by.tiles(h), by.tiles(w), -1)
    images = tuple(tuple(y.reshape(size) for y in row) for row in outputs)
    return _interleave(images)[:, : by.outputs(h), : by.outputs(w)]


def _transform_output_adjoint(dy: Float[Array, "b h2 w2 d"], by: Filtering) -> Grid:
    """A dy A^T of all tiles: a grid of arrays 'tiles d'."""
    b, h, w, d = dy.shape
    step, matrix = len(by.output), by.output.T
    rows, columns = -(-h // step), -(-w // step)

    def pad(dy):
        dy = jnp.pad(dy, ((0, 0), (0, step * rows - h), (0, step * columns - w), (0, 0)))
        return dy.reshape(b, rows, step, columns, step, d)

    def first(dy):
        return _combine(matrix, [dy[:, :, i] for i in range(step)])

    def second(x):
        return _combine(matrix, [x[:, :, :, j].reshape(-1, d) for j in range(step)])

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
