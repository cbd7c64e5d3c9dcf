"""The transforms of Winograd's algorithm, from images to the elements of their tiles and back.

A 'grid' is a tuple of rows of arrays, one array per element of a tile: separate arrays, because
XLA's CPU backend multiplies those in place and would copy the slices of a single one.
"""

from functools import reduce

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax.convolutions.filtering import Filtering
from cic_jax.convolutions.fusion import materialize

Grid = tuple[tuple[Array, ...], ...]


def transform_input(
    x: Float[Array, "b h w c"], scheme: Filtering, dtype: DTypeLike | None = None
) -> Grid:
    """Compute B^T d B of all tiles of x, with one zero around x: a grid of arrays 'n c'.

    n is the number of tiles times the number of a tile's elements that share an element of the
    kernel: these follow one another in one array, so that one product serves them all. The result
    is rounded to `dtype`, by default that of x.
    """
    b, tile = len(x), range(scheme.input.shape[1])
    x = _fill(x, scheme.period)

    def first(x):
        elements = [_every(x, scheme.period, i - 1, axis=1) for i in tile]
        return _gather(_combine(scheme.input, elements), scheme, axis=0)

    def second(x):
        elements = [_rows(_every(x, scheme.period, j - 1, axis=2), len(x) // b) for j in tile]
        rounded = tuple(y.astype(dtype or y.dtype) for y in _combine(scheme.input, elements))
        return tuple(map(_rows, _gather(rounded, scheme, axis=1)))

    return tuple(map(second, materialize(first, x)))


def transform_input_adjoint(
    grid: Grid, shape: tuple[int, ...], scheme: Filtering
) -> Float[Array, "b h w c"]:
    """Compute B d B^T and add the tiles where they overlap; `shape` is the result's."""
    _, h, w, c = shape
    size = (-1, scheme.tiles(h), scheme.tiles(w), c)
    grid = tuple(tuple(x.reshape(size) for x in row) for row in grid)

    def along(axis, grid):
        tiles = [_combine(scheme.input.T, _spread(x, scheme)) for x in zip(*grid, strict=True)]
        return tuple(_overlap(x, scheme.period, axis) for x in tiles)

    phases = along(2, along(1, grid))  # fused: materialized it took longer
    return _interleave(phases)[:, 1 : h + 1, 1 : w + 1]


def transform_output(
    grid: Grid, shape: tuple[int, ...], scheme: Filtering
) -> Float[Array, "b h2 w2 d"]:
    """Compute A^T m A, the outputs of all tiles in their places, cropped.

    `shape` is that of the input.
    """
    b, h, w = shape[:3]

    def along(grid):
        return tuple(_combine(scheme.output, _spread(x, scheme)) for x in zip(*grid, strict=True))

    size = (b, scheme.tiles(h), scheme.tiles(w), -1)
    images = tuple(tuple(y.reshape(size) for y in row) for row in along(materialize(along, grid)))
    return _interleave(images)[:, : scheme.outputs(h), : scheme.outputs(w)]


def transform_output_adjoint(dy: Float[Array, "b h2 w2 d"], scheme: Filtering) -> Grid:
    """Compute A dy A^T of all tiles, laid out as by `transform_input`: a grid of arrays 'n d'."""
    b, matrix, step = len(dy), scheme.output.T, len(scheme.output)
    dy = _fill(dy, step)

    def first(dy):
        elements = [_every(dy, step, i, axis=1) for i in range(step)]
        return _gather(_combine(matrix, elements), scheme, axis=0)

    def second(x):
        elements = [_rows(_every(x, step, j, axis=2), len(x) // b) for j in range(step)]
        return tuple(map(_rows, _gather(_combine(matrix, elements), scheme, axis=1)))

    return tuple(map(second, materialize(first, dy)))


def both_sides(matrix: np.ndarray, grid) -> Grid:
    """Compute matrix X matrix^T for a grid X."""

    def along(grid):
        return tuple(_combine(matrix, x) for x in zip(*grid, strict=True))

    return along(materialize(along, grid))


def _fill(x: Float[Array, "b h w c"], period: int) -> Float[Array, "b h2 w2 c"]:
    """Pad with zeros below and to the right, to multiples of the period."""
    below, right = (-size % period for size in x.shape[1:3])
    if not below and not right:
        return x
    return materialize(lambda x: jnp.pad(x, ((0, 0), (0, below), (0, right), (0, 0))), x)


def _every(x: Array, period: int, offset: int, axis: int) -> Array:
    """Take x[offset], x[offset + period], ... along an axis, one a period; zeros outside of x.

    Zeros are concatenated, which XLA's CPU backend reads along with x. It would write a padded x to
    memory first, or pad value by value.
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


def _gather(elements: tuple[Array, ...], scheme: Filtering, axis: int) -> tuple[Array, ...]:
    """Concatenate along an axis the elements that share one element of the kernel."""
    groups: dict[int, list[Array]] = {}
    for share, x in zip(scheme.shares, elements, strict=True):
        groups.setdefault(share, []).append(x)
    return tuple(x[0] if len(x) == 1 else jnp.concatenate(x, axis) for x in groups.values())


def _spread(groups: tuple[Array, ...], scheme: Filtering) -> tuple[Array, ...]:
    """Invert `_gather` along the first axis."""
    pieces = [jnp.split(x, scheme.shares.count(share)) for share, x in enumerate(groups)]
    return tuple(
        pieces[share][scheme.shares[:position].count(share)]
        for position, share in enumerate(scheme.shares)
    )


def _rows(x: Array, *leading: int) -> Array:
    """Merge all axes between the `leading` ones and the last."""
    return x.reshape(*leading, -1, x.shape[-1])


def _overlap(elements: tuple[Array, ...], period: int, axis: int) -> tuple[Array, ...]:
    """Add the elements of all tiles along an axis into the pixels of each residue of the period.

    An element beyond the period lies on one of the first elements of the next tile.
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
    """Interleave n x n images 'b i j c' of every n-th pixel into 'b n*i n*j c'."""
    x = jnp.stack([jnp.stack(row, axis=3) for row in phases], axis=2)
    b, rows, n, columns, _, c = x.shape
    return x.reshape(b, n * rows, n * columns, c)


def _combine(matrix: np.ndarray, arrays) -> tuple[Array, ...]:
    """Multiply a matrix and a column of arrays, written out: XLA makes one loop of each sum.

    With `lax`, since a network has thousands of these and operators take three times as long to
    trace.
    """

    def total(row):
        terms = [lax.mul(x, float(m)) for m, x in zip(row, arrays, strict=True) if m != 0]
        return reduce(lax.add, terms)

    return tuple(map(total, matrix))
