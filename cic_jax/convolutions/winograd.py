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
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cic_jax.convolutions import filtering, tiles
from cic_jax.convolutions.fusion import apart
from cic_jax.convolutions.tiles import Grid

Panels = tuple[Grid, ...]  # of a kernel that is cut by its output channels

# What a convolution does to the resolution.
KINDS = {"same": filtering.same, "halve": filtering.halve, "double": filtering.double}
LEAST_CHANNELS = 64  # in and out; with fewer the transforms cost more than the products save
# XLA's CPU backend has Eigen multiply, which takes at most DEPTH input channels at a time. If their
# weights fill BLOCK bytes, it copies them before it reads them; those of a panel of the networks'
# layers, 208 or 256 channels deep, do not. 48 output channels are what its innermost loop takes.
DEPTH = 320
BLOCK = 2**18
PANEL = 5 * 48


def suits(kernel: Float[Array, "k k c d"]) -> bool:
    """Whether it is worth it. float32 only: the transforms magnify bfloat16's rounding too much."""
    size, channels = kernel.shape[0], kernel.shape[2:]
    return size in (3, 4) and min(channels) >= LEAST_CHANNELS and kernel.dtype == jnp.float32


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(
    x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"], kind: str
) -> Float[Array, "b h2 w2 d"]:
    """Correlate with one zero around x; h2, w2 are h, w, or half or double of it, by `kind`."""
    return correlate(x, (transform_kernel(kernel, kind),), kind)


@partial(jax.jit, static_argnames="kind")
def transform_kernel(kernel: Float[Array, "k k c d"], kind: str) -> Grid:
    """G g G^T: a grid of arrays 'c d'."""
    return tiles.both_sides(KINDS[kind]().kernel, [list(row) for row in kernel])


def transform_panels(kernel: Float[Array, "k k c d"], kind: str, many: bool) -> Panels:
    """`transform_kernel` of all panels, as `correlate` is quickest with them in `many` calls.

    For few there is one panel: to load the code of more takes longer than they save. By NumPy: to
    compile it for every shape of kernel would take longer than the transforms do.
    """
    k, _, c, d = kernel.shape
    depth = c // -(-c // DEPTH)
    width = PANEL if many and kernel.itemsize * depth * d > BLOCK else d
    matrix = KINDS[kind]().kernel.astype(kernel.dtype)
    half = (matrix @ np.asarray(kernel).reshape(k, -1)).reshape(-1, k, c * d)
    grid = (matrix @ half).reshape(len(matrix), len(matrix), c, d)
    panels = np.split(grid, range(width, d, width), axis=-1)
    return tuple(tuple(tuple(map(jnp.asarray, row)) for row in x) for x in panels)


@partial(jax.jit, static_argnames="kind")
def correlate(x: Float[Array, "b h w c"], panels: Panels, kind: str) -> Float[Array, "b h2 w2 d"]:
    """`convolve` with the panels of a kernel, transformed."""
    by = KINDS[kind]()
    inputs = tiles.transform_input(x, by)
    products = [_products(jnp.matmul, inputs, panel) for panel in panels]
    output = partial(tiles.transform_output, shape=x.shape, by=by)
    if len(products) == 1:
        return output(products[0])
    outputs = [apart(output, product) for product in products]
    return apart(lambda *outputs: jnp.concatenate(outputs, axis=-1), *outputs)


@partial(jax.jit, static_argnames="kind")
def gradients(
    x: Float[Array, "b h w c"], transformed: Grid, dy: Float[Array, "b h2 w2 d"], kind: str
) -> tuple[Array, Array]:
    """Of `convolve`, by x and by the kernel, whose transform is taken.

    The adjoint of every stage in turn; the gradients of the products serve both results.
    """
    by = KINDS[kind]()
    d_products = tiles.transform_output_adjoint(dy, by)
    d_inputs = _products(lambda dm, u: dm @ u.T, d_products, transformed)
    d_kernels = _products(lambda v, dm: v.T @ dm, tiles.transform_input(x, by), d_products)
    d_kernel = tiles.both_sides(by.kernel.T, d_kernels)
    return (
        tiles.transform_input_adjoint(d_inputs, x.shape, by),
        jnp.stack([jnp.stack(row) for row in d_kernel]),
    )


def _forward(x: Array, kernel: Array, kind: str) -> tuple[Array, tuple[Array, Grid]]:
    transformed = transform_kernel(kernel, kind)
    return correlate(x, (transformed,), kind), (x, transformed)


convolve.defvjp(_forward, lambda kind, residuals, dy: gradients(*residuals, dy, kind))


def _products(multiply, left: Grid, right: Grid) -> Grid:
    """An elementwise (of the grid) product of two grids."""
    pairs = zip(left, right, strict=True)
    return tuple(tuple(map(multiply, *pair)) for pair in pairs)
