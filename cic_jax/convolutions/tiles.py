"""The transforms of Winograd's algorithm, from images to the elements of their tiles and back.

A 'grid' is a tuple of rows of arrays, one array per element of a tile: separate arrays, because
XLA's CPU backend multiplies those in place and would copy the slices of a single one.
"""

from functools import reduce

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cic_jax.convolutions.filtering import Filtering
from cic_jax.convolutions.fusion import apart

Grid = tuple[tuple[Array, ...], ...]


def transform_input(x: Float[Array, "b h w c"], by: Filtering) -> Grid:
    """B^T d B of all tiles of x, around which there is one zero: a grid of arrays 'n c'.

    n is the number of tiles, times the number of elements of a tile that one of the kernel's
    multiplies: these follow one another in one array, so that one product serves them all.
    """
    b, tile = len(x), range(by.input.shape[1])
    x = _fill(x, by.period)

    def first(x):
        elements = [_every(x, by.period, i - 1, axis=1) for i in tile]
        return _gather(_combine(by.input, elements), by, axis=0)

    def second(x):
        elements = [_rows(_every(x, by.period, j - 1, axis=2), len(x) // b) for j in tile]
        return tuple(map(_rows, _gather(_combine(by.input, elements), by, axis=1)))

    return tuple(map(second, apart(first, x)))


def transform_input_adjoint(
    grid: Grid, shape: tuple[int, ...], by: Filtering
) -> Float[Array, "b h w c"]:
    """B d B^T, tiles added where they overlap; `shape` is the result's."""
    _, h, w, c = shape
    size = (-1, by.tiles(h), by.tiles(w), c)
    grid = tuple(tuple(x.reshape(size) for x in row) for row in grid)

    def along(axis, grid):
        tiles = [_combine(by.input.T, _spread(x, by)) for x in zip(*grid, strict=True)]
        return tuple(_overlap(x, by.period, axis) for x in tiles)

    phases = along(2, along(1, grid))  # in one: apart took longer
    return _interleave(phases)[:, 1 : h + 1, 1 : w + 1]


def transform_output(
    grid: Grid, shape: tuple[int, ...], by: Filtering
) -> Float[Array, "b h2 w2 d"]:
    """A^T m A, the outputs of all tiles put in their places and cropped; `shape` is the input's."""
    b, h, w = shape[:3]

    def along(grid):
        return tuple(_combine(by.output, _spread(x, by)) for x in zip(*grid, strict=True))

    size = (b, by.tiles(h), by.tiles(w), -1)
    images = tuple(tuple(y.reshape(size) for y in row) for row in along(apart(along, grid)))
    return _interleave(images)[:, : by.outputs(h), : by.outputs(w)]


def transform_output_adjoint(dy: Float[Array, "b h2 w2 d"], by: Filtering) -> Grid:
    """A dy A^T of all tiles, as `transform_input` has them: a grid of arrays 'n d'."""
    b, matrix, step = len(dy), by.output.T, len(by.output)
    dy = _fill(dy, step)

    def first(dy):
        elements = [_every(dy, step, i, axis=1) for i in range(step)]
        return _gather(_combine(matrix, elements), by, axis=0)

    def second(x):
        elements = [_rows(_every(x, step, j, axis=2), len(x) // b) for j in range(step)]
        return tuple(map(_rows, _gather(_combine(matrix, elements), by, axis=1)))

    return tuple(map(second, apart(first, dy)))


def both_sides(matrix: np.ndarray, grid) -> Grid:
    """matrix X matrix^T for the grid X."""

    def along(grid):
        return tuple(_combine(matrix, x) for x in zip(*grid, strict=True))

    return along(apart(along, grid))


def _fill(x: Float[Array, "b h w c"], period: int) -> Float[Array, "b h2 w2 c"]:
    """Zeros below and to the right, so that h2 and w2 are multiples of the period."""
    below, right = (-size % period for size in x.shape[1:3])
    if not below and not right:
        return x
    return apart(lambda x: jnp.pad(x, ((0, 0), (0, below), (0, right), (0, 0))), x)


def _every(x: Array, period: int, offset: int, axis: int) -> Array:
    """x[offset], x[offset + period], ... along an axis, one for each period; outside of x zeros.

    Zeros are put next to what is there, for XLA's CPU backend to read along with it: it would write
    a padded x to memory first, or pad value by value.
    """
    periods, within = divmod(offset, period)
    x = x.reshape(*x.shape[:axis], -1, period, *x.shape[axis + 1 :])
    x = lax.index_in_dim(x, within, axis + 1, keepdims=False)
    if periods == 0:
        return x
    zeros = jnp.zeros_like(lax.slice_in_dim(x, 0, abs(periods), axis=axis))
    if periods < 0:
        return jnp.concatenate([zeros, lax.slice_in_dim(x, 0, periods, axis=axis)], axis)
    return jnp.concatenate([lax.slice_in_dim(x, periods, None, axis=axis), zeros], axis)


def _gather(elements: tuple[Array, ...], by: Filtering, axis: int) -> tuple[Array, ...]:
    """Those that one element of the kernel multiplies, one after the other along an axis."""
    groups: dict[int, list[Array]] = {}
    for share, x in zip(by.shares, elements, strict=True):
        groups.setdefault(share, []).append(x)
    return tuple(x[0] if len(x) == 1 else jnp.concatenate(x, axis) for x in groups.values())


def _spread(groups: tuple[Array, ...], by: Filtering) -> tuple[Array, ...]:
    """The inverse of `_gather` along the first axis."""
    pieces = [iter(jnp.split(x, by.shares.count(i))) for i, x in enumerate(groups)]
    return tuple(next(pieces[share]) for share in by.shares)


def _rows(x: Array, *leading: int) -> Array:
    """All axes but the `leading` ones and the last in one."""
    return x.reshape(*leading, -1, x.shape[-1])


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


def _interleave(phases: Grid) -> Float[Array, "b h w c"]:
    """n x n images 'b i j c' of every n-th pixel -> 'b n*i n*j c'."""
    x = jnp.stack([jnp.stack(row, axis=3) for row in phases], axis=2)
    b, rows, n, columns, _, c = x.shape
    return x.reshape(b, n * rows, n * columns, c)


def _combine(matrix: np.ndarray, arrays) -> tuple[Array, ...]:
    """The matrix times a column of arrays, written out so that XLA makes one loop of each sum.

    By `lax`: a network has thousands of these, and the operators take three times as long to trace.
    """

    def total(row):
        terms = [lax.mul(x, float(m)) for m, x in zip(row, arrays, strict=True) if m != 0]
        return reduce(lax.add, terms)

    return tuple(map(total, matrix))
