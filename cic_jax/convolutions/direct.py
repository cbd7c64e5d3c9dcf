"""XLA's own convolutions, and the 3x3 neighbours of pixels."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

LAYOUT = ("NHWC", "HWIO", "NHWC")


def direct(x: Array, kernel: Array, stride: int = 1, dilation: int = 1) -> Array:
    """Convolve as XLA does; a kernel of even size 2 p + 2 is padded by p, as one of 2 p + 1."""
    p = dilation * ((kernel.shape[0] - 1) // 2)
    pad = ((p, p), (p, p))
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        pad,
        rhs_dilation=(dilation, dilation),
        dimension_numbers=LAYOUT,
    )


def direct_transposed(x: Float[Array, "b h w c"], kernel: Float[Array, "4 4 c d"]) -> Array:
    """Apply XLA's transposed convolution of stride 2 and padding 1."""
    pad = ((2, 2), (2, 2))
    return lax.conv_general_dilated(
        x, kernel[::-1, ::-1], (1, 1), pad, (2, 2), dimension_numbers=LAYOUT
    )


def neighbors(x: Float[Array, "b h w"]) -> Float[Array, "9 b h w"]:
    """Stack the nine neighbours of every pixel in the order of a 3x3 kernel."""
    h, w = x.shape[1:]
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1)))
    return jnp.stack([x[:, u : u + h, v : v + w] for u in range(3) for v in range(3)])
