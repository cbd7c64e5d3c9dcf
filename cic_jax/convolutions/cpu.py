"""Convolutions whose gradients consist of operations that XLA's CPU backend computes fast.

All are exact and differ from XLA's own in how gradients are computed; `double` uses Winograd's
algorithm where that is faster.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from cic_jax.convolutions import winograd
from cic_jax.convolutions.direct import LAYOUT, direct, neighbors


def pointwise(x: Float[Array, "b h w c"], kernel: Float[Array, "1 1 c d"]) -> Array:
    """Apply a 1x1 convolution as one matrix product, as are its gradients.

    It is of numbers of the kernel's dtype, and summed in that of x.
    """
    rows = x.reshape(-1, x.shape[-1]).astype(kernel.dtype)
    y = jnp.matmul(rows, kernel[0, 0], preferred_element_type=x.dtype)
    return y.reshape(*x.shape[:-1], -1)


@jax.custom_vjp
def same(x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"]) -> Float[Array, "b h w d"]:
    """Apply a plain convolution, k odd; its gradient in x is another with the kernel reversed."""
    return direct(x, kernel)


def _same_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    """Compute d kernel[u, v] = sum over pixels of x[i + u, j + v]^T dy[i, j], u = v = 0 central.

    With x shifted by each v and dy by each -u that is one matrix product and few copies.
    """
    x, kernel = residuals
    k, _, c, d = kernel.shape
    offsets = range(-(k // 2), k // 2 + 1)

    def product(x, dy):
        columns = jnp.concatenate([_shift(x, (0, -v)) for v in offsets], axis=-1)
        rows = jnp.concatenate([_shift(dy, (u, 0)) for u in offsets], axis=-1)
        return _outer(columns, rows)

    dx = direct(dy, kernel[::-1, ::-1].swapaxes(2, 3))
    dk = _sum_over_images(product, x, dy).reshape(k, c, k, d).transpose(2, 0, 1, 3)
    return dx, dk.astype(kernel.dtype)


same.defvjp(lambda x, kernel: (direct(x, kernel), (x, kernel)), _same_backward)


@jax.custom_vjp
def single_channel(x: Float[Array, "b h w 1"], kernel: Float[Array, "3 3 1 d"]) -> Array:
    """Convolve one channel as a sum of nine scaled images: a matrix product gains nothing."""
    taps = neighbors(x[..., 0])
    return sum(taps[n][..., None] * weight for n, weight in enumerate(kernel.reshape(9, -1)))


def _single_channel_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals

    def product(x, dy):
        taps = neighbors(x[None, ..., 0]).reshape(9, -1)
        return jnp.matmul(taps, dy.reshape(taps.shape[1], -1), preferred_element_type=jnp.float32)

    dx = direct(dy, kernel[::-1, ::-1].swapaxes(2, 3))
    dk = _sum_over_images(product, x, dy).reshape(kernel.shape)
    return dx, dk.astype(kernel.dtype)


single_channel.defvjp(
    lambda x, kernel: (single_channel(x, kernel), (x, kernel)), _single_channel_backward
)


@jax.custom_vjp
def halve(x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"]) -> Array:
    """Apply a convolution of stride 2, h and w even; size 3 is size 4 with a last tap of 0."""
    return direct(x, kernel, stride=2)


def _halve_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals
    k = kernel.shape[0]
    if k == 3 and winograd.suits(kernel):
        return winograd.gradients(x, winograd.transform_kernel(kernel, "halve"), dy, "halve")
    padded = jnp.pad(kernel, ((0, 4 - k), (0, 4 - k), (0, 0), (0, 0)))
    dk = _halve_kernel_gradient(x, dy)[:k, :k]
    return double(dy, padded.swapaxes(2, 3)), dk.astype(kernel.dtype)


halve.defvjp(lambda x, kernel: (halve(x, kernel), (x, kernel)), _halve_backward)


def double(x: Float[Array, "b h w c"], kernel: Float[Array, "4 4 c d"]) -> Array:
    """Apply the adjoint of `halve`."""
    if winograd.suits(kernel):
        return winograd.convolve(x, kernel, "double")
    return double_directly(x, kernel)


@jax.custom_vjp
def double_directly(x: Float[Array, "b h w c"], kernel: Float[Array, "4 4 c d"]) -> Array:
    """Compute `double` as a plain 2x2 convolution whose outputs are cells of 2x2 pixels."""
    pad = ((1, 1), (1, 1))
    cells = lax.conv_general_dilated(x, _to_cells(kernel), (1, 1), pad, dimension_numbers=LAYOUT)
    return _from_cells(cells)


def _double_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals
    dk = _halve_kernel_gradient(dy, x).swapaxes(2, 3)
    return halve(dy, kernel.swapaxes(2, 3)), dk.astype(kernel.dtype)


double_directly.defvjp(
    lambda x, kernel: (double_directly(x, kernel), (x, kernel)), _double_backward
)


def _halve_kernel_gradient(x: Array, dy: Array) -> Array:
    """Compute d kernel[u] = sum over i of x[2 i + u - 1]^T dy[i], 4x4, in float32.

    Taps 0 and 1 read the cell i of 2x2 pixels (2 i - 1, 2 i), taps 2 and 3 the cell i + 1.
    """
    c, d = x.shape[-1], dy.shape[-1]

    def product(x, dy):
        h, w, _ = dy.shape
        cells = jnp.pad(x, ((1, 1), (1, 1), (0, 0))).reshape(h + 1, 2, w + 1, 2, c).swapaxes(1, 2)
        dy = jnp.pad(dy, ((0, 1), (0, 1), (0, 0)))
        shifted = [_shift(dy, (i, j)) for i in range(2) for j in range(2)]
        return _outer(cells.reshape(h + 1, w + 1, 4 * c), jnp.concatenate(shifted, axis=-1))

    dk = _sum_over_images(product, x, dy).reshape(2, 2, c, 2, 2, d)
    return dk.transpose(3, 0, 4, 1, 2, 5).reshape(4, 4, c, d)


def _to_cells(kernel: Float[Array, "4 4 c d"]) -> Float[Array, "2 2 c 4*d"]:
    """Turn a transposed convolution into a plain one of 4 d channels, the pixels of a cell.

    A cell of 2x2 output pixels (2 i - 1, 2 i) sees the inputs i - 1, by taps 2 and 3, and i, by
    taps 0 and 1.
    """
    c, d = kernel.shape[2:]
    taps = kernel.reshape(2, 2, 2, 2, c, d).transpose(0, 2, 4, 1, 3, 5).reshape(2, 2, c, 4 * d)
    return taps[::-1, ::-1]


def _from_cells(cells: Float[Array, "b h w d4"]) -> Float[Array, "b 2*h-2 2*w-2 d4//4"]:
    """Lay out the pixels of all cells, without the outermost, which are outside the image."""
    b, h, w, _ = cells.shape
    pixels = cells.reshape(b, h, w, 2, 2, -1).swapaxes(2, 3)
    return pixels.reshape(b, 2 * h, 2 * w, -1)[:, 1:-1, 1:-1]


def _sum_over_images(product, x: Array, dy: Array) -> Array:
    """Sum `product` over the batch, one image at a time: its copies stay in the cache."""
    shape = jax.eval_shape(product, x[0], dy[0])
    start = jnp.zeros(shape.shape, shape.dtype)
    return lax.scan(lambda total, image: (total + product(*image), None), start, (x, dy))[0]


def _outer(x: Float[Array, "h w c"], y: Float[Array, "h w d"]) -> Float[Array, "c d"]:
    """Compute x^T y over the pixels of an image, summed in float32."""
    x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    return jnp.matmul(x.T, y, preferred_element_type=jnp.float32)


def _shift(x: Array, offsets: tuple[int, ...]) -> Array:
    """Shift x along its leading axes, zeros coming in: x[i] -> x[i - offset]."""
    widths = [(n, -n, 0) for n in offsets] + [(0, 0, 0)] * (x.ndim - len(offsets))
    return lax.pad(x, jnp.zeros((), x.dtype), widths)
