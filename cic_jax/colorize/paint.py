"""A photograph and the colours of a smaller copy -> the photograph in these, tile by tile."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import lab
from cic_jax.images.resize import pad
from cic_jax.read_out import gamut, upsample

TILE = 512  # side of the squares in which a photograph is coloured at full size


def paint(
    pixels: UInt8[np.ndarray, "h w *c"], ab: Float[Array, "i j 2"], scale: Float[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w 3"]:
    """A photograph at full size in the colours of `ab`, each of which takes `scale` pixels.

    It goes in squares of one size: memory stays flat and what is costly is compiled once.
    """
    result = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, pixels.shape[0], TILE):
        for left in range(0, pixels.shape[1], TILE):
            square = np.s_[top : top + TILE, left : left + TILE]
            L = lightness(pad(pixels[square], TILE))
            origin = np.array([top, left], np.float32)
            colour = upsample.bilinear(ab, scale, origin, L.shape[:2])
            h, w = result[square].shape[:2]
            result[square] = np.asarray(combine(L, colour))[:h, :w]
    return result


@jax.jit
def lightness(rgb: UInt8[Array, "h w *c"]) -> Float[Array, "h w 1"]:
    """L of 8-bit sRGB or grey values."""
    rgb = rgb.reshape(*rgb.shape[:2], -1) / 255.0
    return lab.rgb_to_lab(jnp.broadcast_to(rgb, (*rgb.shape[:2], 3)))[..., :1]


@jax.jit
def combine(L: Float[Array, "h w 1"], ab: Float[Array, "h w 2"]) -> UInt8[Array, "h w 3"]:
    """8-bit sRGB of lightness and colour, lightness kept where both cannot be."""
    rgb = lab.lab_to_rgb(jnp.concatenate([L, gamut.fit(L, ab)], axis=-1))
    return jnp.round(255 * rgb).astype(jnp.uint8)
