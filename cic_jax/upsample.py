"""The colour of the network's coarse cells, brought to the pixels of the photograph."""

from functools import partial

import jax
from jaxtyping import Array, Float


@partial(jax.jit, static_argnums=3)
def bilinear(
    ab: Float[Array, "i j 2"],
    scale: Float[Array, "2"],
    origin: Float[Array, "2"],
    shape: tuple[int, int],
) -> Float[Array, "h w 2"]:
    """ab of a tile of `shape` from pixel `origin` on: `scale` pixels of the photograph a cell."""
    return jax.image.scale_and_translate(
        ab,
        (*shape, 2),
        (0, 1),
        scale,
        -origin,
        method="linear",
        antialias=False,
        precision=jax.lax.Precision.HIGHEST,
    )
