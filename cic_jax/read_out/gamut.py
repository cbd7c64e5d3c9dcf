"""Gamut mapping to sRGB: reduces the chroma of colours that cannot be shown at their lightness."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cic_jax import lab

STEPS = 10  # of bisection: chroma within 1/1024 of the largest that sRGB can show
SLACK = 1e-4  # of linear light, about a tenth of an 8-bit step


def fit(L: Float[Array, "*b 1"], ab: Float[Array, "*b 2"]) -> Float[Array, "*b 2"]:
    """Multiply ab by the largest factor in [0, 1] with which sRGB can show it at this lightness."""
    lightness, a, b = L[..., 0], ab[..., 0], ab[..., 1]

    def bisect(i, factor):
        larger = factor + 0.5**i
        return jnp.where(is_shown(lightness, larger * a, larger * b), larger, factor)

    factor = jax.lax.fori_loop(1, STEPS + 1, bisect, jnp.zeros_like(a))
    return jnp.where(is_shown(lightness, a, b), 1.0, factor)[..., None] * ab


def is_shown(
    L: Float[Array, "*b"], a: Float[Array, "*b"], b: Float[Array, "*b"]
) -> Bool[Array, "*b"]:
    """Tell whether a colour lies in sRGB's gamut, to within `SLACK` of linear light."""
    light = jnp.stack(lab.lab_to_linear(L, a, b))
    return jnp.all(jnp.abs(light - 0.5) <= 0.5 + SLACK, axis=0)
