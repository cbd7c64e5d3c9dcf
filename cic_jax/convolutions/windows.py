"""Means over windows of an image."""

from functools import partial

import jax
from jaxtyping import Array, Float

from cic_jax.convolutions.fusion import materialize


@partial(jax.jit, static_argnames="size")
def window_mean(x: Float[Array, "b h w c"], size: int) -> Float[Array, "b i j c"]:
    """Average each `size` x `size` window that lies inside the image; i = h - size + 1, j alike.

    Sums of columns first, then of rows of these sums: 2 `size` additions a window.
    """
    i, j = (length - size + 1 for length in x.shape[1:3])
    columns = materialize(lambda x: sum(x[:, row : row + i] for row in range(size)), x)
    return materialize(
        lambda sums: sum(sums[:, :, column : column + j] for column in range(size)) / size**2,
        columns,
    )
