"""Conversion of 8-bit pixels to lightness, and of a network's output to 8-bit colour."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from cic_jax import lab
from cic_jax.read_out.gamut import fit
from cic_jax.read_out.upsample import follow
from cic_jax.target import Target


@jax.jit
def lightness(rgb: UInt8[Array, "h w *c"]) -> Float[Array, "h w 1"]:
    """Compute L in [0, 100] of 8-bit sRGB ('h w 3') or grey ('h w') values."""
    rgb = rgb.reshape(*rgb.shape[:2], -1)
    return lab.from_uint8(jnp.broadcast_to(rgb, (*rgb.shape[:2], 3)))[..., :1]


def pixel_ab(
    target: Target,
    output: Float[Array, "i j q"],
    L: Float[Array, "4*i 4*j 1"],
    temperature: Float[Array, ""] | float,
) -> Float[Array, "4*i 4*j 2"]:
    """Read out a network's output and bring the colours of its cells to pixels, along edges of L.

    Colours may lie outside sRGB; `fit` brings them inside.
    """
    return follow(target.to_ab(output, temperature), L)


@jax.jit
def render(L: Float[Array, "h w 1"], ab: Float[Array, "h w 2"]) -> UInt8[Array, "h w 3"]:
    """Convert to 8-bit sRGB; lightness is kept, and chroma reduced where sRGB cannot show both."""
    rgb = lab.lab_to_rgb(jnp.concatenate([L, fit(L, ab)], axis=-1))
    return jnp.round(255 * rgb).astype(jnp.uint8)
