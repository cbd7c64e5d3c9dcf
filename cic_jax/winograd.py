"""Winograd's minimal filtering: a 3x3 correlation with 36 products for 16 outputs, not 144.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3): a tile of
4x4 outputs Y of a 6x6 tile of inputs d and a 3x3 kernel g is, summed over input channels,

    Y = A^T [(G g G^T) * (B^T d B)] A

with * elementwise, exactly in exact arithmetic. With channels each of the 36 elements is a matrix
product over all tiles. In float32 the result differs from the direct sum by about 3e-6 of its
largest value.

A 'grid' is a tuple of rows of arrays, one array per element of a tile: separate arrays, because
XLA's CPU backend multiplies those in place and would copy the slices of a single one.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

Grid = tuple[tuple[Array, ...], ...]

STEP, TILE, TAPS = 4, 6, 3  # outputs, inputs and kernel taps along one side of a tile

# Five points and infinity at which polynomials are multiplied. +-1/sqrt(2) and +-sqrt(2) round half
# as much as the paper's +-1 and +-2 (Barabasz et al., "Error Analysis and Improving the Accuracy of
# Winograd Convolution for Deep Neural Networks", 2020, on the choice).
POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])


def _vandermonde(size: int) -> Float[np.ndarray, "6 size"]:
    """The values at the points, and the leading one, of a polynomial with `size` coefficients."""
    return np.vstack([np.vander(POINTS, size, increasing=True), np.eye(size)[-1:]])


def _others() -> list[np.ndarray]:
    return [np.delete(POINTS, i) for i in range(len(POINTS))]


def _lagrange() -> Float[np.ndarray, "6 6"]:
    """Coefficients of the product of (z - p) over the other points p, for each point."""
    rows = [np.append(np.poly(others)[::-1], 0) for others in _others()]
    return np.array([*rows, np.poly(POINTS)[::-1]]).round(12)  # zeros are exact, and left out


INPUT = _lagrange()  # B^T
KERNEL = _vandermonde(TAPS) / np.array(  # G
    [[np.prod(p - others)] for p, others in zip(POINTS, _others(), strict=True)] + [[1]]
)
OUTPUT = _vandermonde(STEP).T  # A^T


@jax.custom_vjp
def convolve(x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]) -> Array:
    """Correlate with zero padding and stride 1, 'b h w c' -> 'b h w d'."""
    return correlate(x, transform_kernel(kernel))


def transform_kernel(kernel: Float[Array, "3 3 c d"]) -> Grid:
    """G g G^T: a grid of 6x6 arrays 'c d'."""
    return _both_sides(KERNEL, [[kernel[u, v] for v in range(TAPS)] for u in range(TAPS)])


def correlate(x: Float[Array, "b h w c"], transformed: Grid) -> Float[Array, "b h w d"]:
    """`convolve` with a kernel that `transform_kernel` has transformed."""
    products = _products(jnp.matmul, _transform_input(x), transformed)
    return _transform_output(products, x.shape)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Grid]]:
    transformed = transform_kernel(kernel)
    return correlate(x, transformed), (x, transformed)


def _backward(residuals: tuple[Array, Grid], dy: Array) -> tuple[Array, Array]:
    """The adjoint of every stage in turn; the gradients of the products serve both results."""
    x, transformed = residuals
    d_products = _transform_output_adjoint(dy)
    d_inputs = _products(lambda dm, u: dm @ u.T, d_products, transformed)
    d_kernels = _products(lambda v, dm: v.T @ dm, _transform_input(x), d_products)
    d_kernel = jnp.stack([jnp.stack(row) for row in _both_sides(KERNEL.T, d_kernels)])
    return _transform_input_adjoint(d_inputs, x.shape), d_kernel


convolve.defvjp(_forward, _backward)


def _transform_input(x: Float[Array, "b h w c"]) -> Grid:
    """B^T d B of all tiles: a grid of 6x6 arrays 'tiles c'. A tile starts every 4 pixels."""
    b, h, w, c = x.shape
    rows, columns = _tiles(h), _tiles(w)
    below, right = STEP * (rows + 1) - h - 1, STEP * (columns + 1) - w - 1
    x = jnp.pad(x, ((0, 0), (1, below), (1, right), (0, 0)))
    x = x.reshape(b, rows + 1, STEP, columns + 1, STEP, c)

    def row(i):
        return x[:, i // STEP : i // STEP + rows, i % STEP]

    def element(x, j):
        return x[:, :, j // STEP : j // STEP + columns, j % STEP].reshape(-1, c)

    half = lax.optimization_barrier(_combine(INPUT, [row(i) for i in range(TILE)]))
    return tuple(_combine(INPUT, [element(x, j) for j in range(TILE)]) for x in half)


def _transform_input_adjoint(grid: Grid, shape: tuple[int, ...]) -> Float[Array, "b h w c"]:
    """B d B^T, tiles added where they overlap."""
    b, h, w, c = shape
    rows, columns = _tiles(h), _tiles(w)
    grid = tuple(tuple(x.reshape(b, rows, columns, c) for x in row) for row in grid)
    half = tuple(_overlap(_combine(INPUT.T, column), axis=1) for column in zip(*grid, strict=True))
    half = lax.optimization_barrier(half)
    phases = [_overlap(_combine(INPUT.T, row), axis=2) for row in zip(*half, strict=True)]
    return _interleave(phases)[:, 1 : h + 1, 1 : w + 1]


def _overlap(elements: tuple[Array, ...], axis: int) -> tuple[Array, ...]:
    """Six elements of every tile along an axis -> the pixels of each residue modulo 4.

    Elements 4 and 5 lie on elements 0 and 1 of the next tile.
    """

    def place(x, offset):
        widths = [(0, 0)] * x.ndim
        widths[axis] = (offset, 1 - offset)
        return jnp.pad(x, widths)

    own = [place(x, 0) for x in elements[:STEP]]
    for i, x in enumerate(elements[STEP:]):
        own[i] = own[i] + place(x, 1)
    return tuple(own)


def _transform_output(grid: Grid, shape: tuple[int, ...]) -> Float[Array, "b h w d"]:
    """A^T m A, the 4x4 outputs of all tiles put in their places and cropped."""
    b, h, w = shape[:3]
    outputs = _both_sides(OUTPUT, grid)
    images = [[y.reshape(b, _tiles(h), _tiles(w), -1) for y in row] for row in outputs]
    return _interleave(images)[:, :h, :w]


def _transform_output_adjoint(dy: Float[Array, "b h w d"]) -> Grid:
    """A dy A^T of all tiles: a grid of 6x6 arrays 'tiles d'."""
    b, h, w, d = dy.shape
    rows, columns = _tiles(h), _tiles(w)
    dy = jnp.pad(dy, ((0, 0), (0, STEP * rows - h), (0, STEP * columns - w), (0, 0)))
    dy = dy.reshape(b, rows, STEP, columns, STEP, d)
    half = lax.optimization_barrier(_combine(OUTPUT.T, [dy[:, :, i] for i in range(STEP)]))
    return tuple(
        _combine(OUTPUT.T, [x[:, :, :, j].reshape(-1, d) for j in range(STEP)]) for x in half
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


def _tiles(size: int) -> int:
    return -(-size // STEP)
