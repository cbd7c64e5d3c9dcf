"""Convolutions that XLA with cuDNN is slow at, rewritten; profiled in training steps on an H100.

All are exact. Plain and strided convolutions of many channels are left to cuDNN, which is good at
them forward and backward.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cic_jax.convolutions import fusion
from cic_jax.convolutions.direct import direct, direct_transposed, neighbors

ALIGNMENT = 64  # columns of a product; with 313 the tensor cores' loads are not aligned


def pointwise(
    x: Float[Array, "b h w c"], kernel: Float[Array, "1 1 c d"], bias: Float[Array, " d"] | float
) -> Float[Array, "b h w d"]:
    """Apply a 1x1 convolution as a matrix product, with zeros appended to align its columns."""
    c, d = kernel.shape[2:]
    columns = jnp.pad(kernel[0, 0], ((0, 0), (0, -d % ALIGNMENT)))
    offset = jnp.pad(jnp.broadcast_to(bias, d), (0, -d % ALIGNMENT))
    y = _with_gradient_in_memory(x.reshape(-1, c) @ columns + offset)
    return y[:, :d].reshape(*x.shape[:-1], d)


@jax.custom_vjp
def _with_gradient_in_memory(y: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Return y, and write its gradient to memory before anything reads it.

    XLA would fuse the loss's gradient into its sum over all pixels, the bias's gradient: few
    threads, each with many rows of an odd number of columns.
    """
    return y


_with_gradient_in_memory.defvjp(
    lambda y: (y, None), lambda _, dy: (fusion.materialize(lambda dy: dy, dy),)
)


def single_channel(x: Float[Array, "b h w 1"], kernel: Float[Array, "3 3 1 d"]) -> Array:
    """Multiply by the nine neighbours of every pixel: cuDNN would pad one channel to eight."""
    taps = neighbors(x[..., 0])
    return jnp.einsum("nbhw,nd->bhwd", taps, kernel.reshape(9, -1))


def dilated(
    x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"], n: int
) -> Float[Array, "b h w d"]:
    """Apply a kernel dilated by n as a plain one to each of the n^2 images of every n-th pixel.

    cuDNN is quicker at the gradient of a plain kernel.
    """
    b, h, w, c = x.shape
    x = jnp.pad(x, ((0, 0), (0, -h % n), (0, -w % n), (0, 0)))
    rows, columns = x.shape[1] // n, x.shape[2] // n
    phases = x.reshape(b, rows, n, columns, n, c).transpose(0, 2, 4, 1, 3, 5)
    y = direct(phases.reshape(b * n * n, rows, columns, c), kernel)
    y = y.reshape(b, n, n, rows, columns, -1).transpose(0, 3, 1, 4, 2, 5)
    return y.reshape(b, rows * n, columns * n, -1)[:, :h, :w]


@jax.custom_vjp
def double(x: Float[Array, "b h w c"], kernel: Float[Array, "4 4 c d"]) -> Array:
    """Apply the transposed convolution of stride 2; its gradients are those of its adjoint.

    XLA's own gradient for the kernel is a forward convolution of transposed copies.
    """
    return direct_transposed(x, kernel)


def _double_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals
    adjoint = kernel.swapaxes(2, 3)
    dx, gradient = jax.vjp(lambda kernel: direct(dy, kernel, stride=2), adjoint)
    return dx, gradient(x)[0].swapaxes(2, 3)


double.defvjp(lambda x, kernel: (double(x, kernel), (x, kernel)), _double_backward)
