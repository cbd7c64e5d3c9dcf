"""What the method's functions expect of arrays, in one line where it is something else.

Shapes and types are compared, never values: those of a traced array are not known. NaN passes
through to the result.
"""

from typing import Any

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array


def floats(name: str, values: ArrayLike, last: int | None = None, form: str = "") -> Array:
    """Return floats as an array, half precision as float32.

    With 8 bits of a value, colours and distances would be off by whole units. Raises TypeError for
    other numbers, and ValueError for another shape.

    Args:
        name: Name of the values in the error.
        values: The values.
        last: Length of the last axis; None for any.
        form: Axes, such as 'b h w 2', of which only the number is compared; '' for any.
    """
    array = jnp.asarray(values)
    axes = f"'{form or f'... {last}'}'"
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"{name}: expected floats, got {array.dtype} of shape {array.shape}")
    wrong = last is not None and array.shape[-1:] != (last,)
    if wrong or (form and array.ndim != len(form.split())):
        raise ValueError(f"{name}: expected the shape {axes}, got {array.shape}")
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))


def same_shape(name: str, values: Any, shape: tuple[int, ...], other: str) -> None:
    """Raise ValueError unless values have a shape, that of `other`: nothing is broadcast."""
    if jnp.shape(values) != shape:
        raise ValueError(
            f"{name}: expected the shape {shape}, as {other} has it, got {jnp.shape(values)}"
        )
