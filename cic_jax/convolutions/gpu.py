"""Convolutions rewritten where XLA with cuDNN is slow, by profiles of training steps on an H100.

All are exact. Plain and strided convolutions of many channels are left to cuDNN, whose kernels for
them, forward and backward, are good.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cic_jax.convolutions import fusion
from cic_jax.convolutions.direct import direct, direct_transposed, neighbours

ALIGNMENT = 64  # of a product's columns: of 313 the tensor cores' loads are not aligned


def pointwise(
    x: Float[Array, "b h w c"], kernel: Float[Array, "1 1 c d"], bias: Float[Array, " d"] | float
) -> Float[Array, "b h w d"]:
    """A 1x1 convolution is a product of matrices, its columns filled up with zeros."""
    c, d = kernel.shape[2:]
    columns = jnp.pad(kernel[0, 0], ((0, 0), (0, -d % ALIGNMENT)))
    offset = jnp.pad(jnp.broadcast_to(bias, d), (0, -d % ALIGNMENT))
    y = _differentiated_apart(x.reshape(-1, c) @ columns + offset)
    return y[:, :d].reshape(*x.shape[:-1], d)


@jax.custom_vjp
def _differentiated_apart(y: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """y itself, whose gradient is in memory before anything reads it.

    XLA would compute that of the loss inside of its sum over all pixels, which is the bias's: few
    threads, each with many rows of an odd number of columns.
    """
    return y


_differentiated_apart.defvjp(lambda y: (y, None), lambda _, dy: (fusion.apart(lambda dy: dy, dy),))


def single_channel(x: Float[Array, "b h w 1"], kernel: Float[Array, "3 3 1 d"]) -> Array:
    """A product with the nine neighbours of every pixel: of one channel cuDNN fills up eight."""
    taps = neighbours(x[..., 0])
    return jnp.einsum("nbhw,nd->bhwd", taps, kernel.reshape(9, -1))


def dilated(
    x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"], n: int
) -> Float[Array, "b h w d"]:
    """A kernel dilated by n is a plain one on each of the n^2 images of every n-th pixel.

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
    """The transposed convolution of stride 2: the adjoint of a strided one, and so its gradients.

    Left to differentiate it, XLA takes a forward convolution of transposed copies for the kernel's.
    """
    return direct_transposed(x, kernel)


def _double_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals
    adjoint = kernel.swapaxes(2, 3)
    dx, gradient = jax.vjp(lambda kernel: direct(dy, kernel, stride=2), adjoint)
    return dx, gradient(x)[0].swapaxes(2, 3)


double.defvjp(lambda x, kernel: (double(x, kernel), (x, kernel)), _double_backward)
