"""The networks' only non-linearity."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_jvp
def relu(x: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """max(x, 0), differentiated by what it returns.

    `jax.nn.relu` keeps its argument for the gradient. The result says as much, and is kept anyway
    by what comes next: one array less is written, and the maximum can be part of a convolution.
    """
    return jnp.maximum(x, 0)


@relu.defjvp
def _relu_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    y = relu(*primals)
    return y, jnp.where(y > 0, tangents[0], 0)
