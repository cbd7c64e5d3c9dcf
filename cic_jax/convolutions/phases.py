"""Dilated convolutions as plain convolutions of the images of every n-th pixel."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from cic_jax.convolutions.engine import resolve


def by_phases(
    layers: Callable[[Array, int], Array],
    x: Float[Array, "b h w c"],
    dilation: int,
    *,
    engine: str = "auto",
) -> Float[Array, "b h2 w2 d"]:
    """Apply `layers(x, dilation)`, convolutions of one dilation, in the fastest way.

    The n^2 images of every n-th pixel see plain convolutions, so the fast engine splits x once and
    calls `layers` with a dilation of 1. If the images need padding to one size, the
    split is left to each `convolve`, since every layer must see zeros there.
    """
    h, w = x.shape[1:3]
    if dilation == 1 or resolve(engine) != "fast" or h % dilation or w % dilation:
        return layers(x, dilation)
    return join(layers(split(x, dilation), 1), dilation)


def split(x: Float[Array, "b h w c"], n: int) -> Float[Array, "b2 i j c"]:
    """Split into the n^2 images of every n-th pixel, zero-padded to one size.

    A kernel dilated by n sees only one of them: a dilated convolution of x is a plain one of these
    images, and their padding is that of x.
    """
    if n == 1:
        return x
    x = jnp.pad(x, ((0, 0), (0, -x.shape[1] % n), (0, -x.shape[2] % n), (0, 0)))
    b, h, w, c = x.shape
    x = x.reshape(b, h // n, n, w // n, n, c)
    # Not one transposition: XLA's CPU backend is slow to read one that is fused into its reader.
    return jnp.concatenate([x[:, :, i, :, j] for i in range(n) for j in range(n)])


def join(x: Float[Array, "b2 i j c"], n: int) -> Float[Array, "b h w c"]:
    """Invert `split`, except for its padding."""
    if n == 1:
        return x
    b, h, w, c = x.shape
    x = x.reshape(n, n, b // n**2, h, w, c)
    x = jnp.stack([jnp.stack(list(row), axis=3) for row in x], axis=2)
    return x.reshape(b // n**2, n * h, n * w, c)
