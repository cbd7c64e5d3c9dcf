"""Winograd's minimal filtering: a 3x3 correlation with 36 products for 16 outputs, not 144.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3): a tile of
4x4 outputs Y of a 6x6 tile of inputs d and a 3x3 kernel g is, summed over input channels,

    Y = A^T [(G g G^T) * (B^T d B)] A

with * elementwise, exactly in exact arithmetic. With channels each of the 36 elements is a matrix
product over all tiles. In float32 the result differs from the direct sum by about 3e-6 of its
largest value. With stride 2 there are 81 products for 144, and a 4x4 kernel that doubles the
resolution takes 100 products for 64 outputs, not 256: see `filtering`.

For inference the products may be of bfloat16 numbers, summed in float32; transforms are in float32.

Functions that are the same for all layers of one shape are jitted, so that each is traced once: a
network has many layers of hundreds of operations, and a command that colours one photograph waits
for all of them.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax.convolutions import filtering, tiles
from cic_jax.convolutions.fusion import materialize
from cic_jax.convolutions.tiles import Grid

Panels = tuple[Grid, ...]  # a transformed kernel, cut by its output channels

# Filters by the convolution's effect on the resolution.
KINDS = {"same": filtering.same, "halve": filtering.halve, "double": filtering.double}
LEAST_CHANNELS = 64  # in and out; with fewer the transforms cost more than the products save
# XLA's CPU backend multiplies with Eigen, which takes at most DEPTH input channels at a time and
# copies their weights first if they fill BLOCK bytes. The networks' layers are 208 or 256 channels
# deep there, and panels of PANEL output channels stay below BLOCK. Eigen's innermost loop takes 48
# output channels.
DEPTH = 320
BLOCK = 2**18
PANEL = 5 * 48


class TransformedKernel(NamedTuple):
    """A kernel and its transform, in place of the kernel among a network's parameters.

    Its first leaf is the kernel, whose shape Flax checks. The dtype of the panels is that of the
    products; a 1x1 kernel is its own transform.
    """

    kernel: Float[Array, "k k c d"]
    panels: Panels

    @property
    def shape(self) -> tuple[int, ...]:
        """The kernel's shape."""
        return self.kernel.shape

    def astype(self, dtype: Any) -> "TransformedKernel | Float[Array, 'k k c d']":
        """Convert to a dtype: the plain kernel where it is not the kernel's own."""
        dtype = jnp.dtype(dtype)
        return self if dtype == self.kernel.dtype else self.kernel.astype(dtype)


Kernel = Float[Array, "k k c d"] | TransformedKernel


def plain(kernel: Kernel) -> Float[Array, "k k c d"]:
    """Return the kernel without its transform."""
    return kernel.kernel if isinstance(kernel, TransformedKernel) else kernel


def suits(kernel: Float[Array, "k k c d"]) -> bool:
    """Tell whether the algorithm is faster for a kernel.

    float32 only: the transforms magnify bfloat16's rounding too much.
    """
    size, channels = kernel.shape[0], kernel.shape[2:]
    return size in (3, 4) and min(channels) >= LEAST_CHANNELS and kernel.dtype == jnp.float32


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(
    x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"], kind: str
) -> Float[Array, "b h2 w2 d"]:
    """Correlate, with one zero around x; h2, w2 are h, w, or half or double of it, by `kind`."""
    return correlate(x, (transform_kernel(kernel, kind),), kind)


@partial(jax.jit, static_argnames="kind")
def transform_kernel(kernel: Float[Array, "k k c d"], kind: str) -> Grid:
    """Compute G g G^T: a grid of arrays 'c d'."""
    return tiles.both_sides(KINDS[kind]().kernel, [list(row) for row in kernel])


def transform_panels(
    kernel: Float[Array, "k k c d"], kind: str, cut: bool, dtype: DTypeLike = jnp.float32
) -> Panels:
    """Transform a kernel on the host, `cut` into the panels with which `correlate` is quickest.

    Uncut, there is less code to load, which matters for few photographs. Computed by NumPy, since
    compiling the transform for every kernel's shape would take longer. `dtype` is the panels'.
    """
    k, _, c, d = kernel.shape
    depth = c // -(-c // DEPTH)
    width = PANEL if cut and kernel.itemsize * depth * d > BLOCK else d
    matrix = KINDS[kind]().kernel.astype(kernel.dtype)
    half = (matrix @ np.asarray(kernel).reshape(k, -1)).reshape(-1, k, c * d)
    grid = (matrix @ half).reshape(len(matrix), len(matrix), c, d).astype(dtype)
    panels = np.split(grid, range(width, d, width), axis=-1)
    return jax.device_put(tuple(tuple(tuple(row) for row in x) for x in panels))


@partial(jax.jit, static_argnames="kind")
def correlate(x: Float[Array, "b h w c"], panels: Panels, kind: str) -> Float[Array, "b h2 w2 d"]:
    """Correlate as `convolve` does, with a kernel's transformed panels.

    The products are of numbers of the panels' dtype, and summed in that of x.
    """
    scheme = KINDS[kind]()
    inputs = tiles.transform_input(x, scheme, panels[0][0][0].dtype)
    multiply = partial(jnp.matmul, preferred_element_type=x.dtype)
    products = [_products(multiply, inputs, panel) for panel in panels]
    output = partial(tiles.transform_output, shape=x.shape, scheme=scheme)
    if len(products) == 1:
        return output(products[0])
    outputs = [materialize(output, product) for product in products]
    return materialize(lambda *outputs: jnp.concatenate(outputs, axis=-1), *outputs)


@partial(jax.jit, static_argnames="kind")
def gradients(
    x: Float[Array, "b h w c"], transformed: Grid, dy: Float[Array, "b h2 w2 d"], kind: str
) -> tuple[Array, Array]:
    """Differentiate `convolve` with respect to x and the kernel, given the transformed kernel.

    The adjoints of the stages follow one another; the gradients of the products serve both results.
    """
    scheme = KINDS[kind]()
    d_products = tiles.transform_output_adjoint(dy, scheme)
    d_inputs = _products(lambda dm, u: dm @ u.T, d_products, transformed)
    d_kernels = _products(lambda v, dm: v.T @ dm, tiles.transform_input(x, scheme), d_products)
    d_kernel = tiles.both_sides(scheme.kernel.T, d_kernels)
    return (
        tiles.transform_input_adjoint(d_inputs, x.shape, scheme),
        jnp.stack([jnp.stack(row) for row in d_kernel]),
    )


def _forward(x: Array, kernel: Array, kind: str) -> tuple[Array, tuple[Array, Grid]]:
    transformed = transform_kernel(kernel, kind)
    return correlate(x, (transformed,), kind), (x, transformed)


convolve.defvjp(_forward, lambda kind, residuals, dy: gradients(*residuals, dy, kind))


def _products(multiply, left: Grid, right: Grid) -> Grid:
    """Multiply two grids element by element."""
    pairs = zip(left, right, strict=True)
    return tuple(tuple(map(multiply, *pair)) for pair in pairs)
