"""CIEDE2000, the colour difference of CIE 142-2001, as people see it.

The equations are those of Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula:
Implementation Notes", 2005, with all parametric factors 1. A difference of 1 is about the least
that is seen.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

LARGE = 25.0**7  # of a chroma to the seventh power: above it, blue hues and chroma interact
DEGREE = jnp.pi / 180


def difference(first: Float[Array, "*b 3"], second: Float[Array, "*b 3"]) -> Float[Array, "*b"]:
    """Compute the difference between colours in CIELAB, at least 0; their order plays no part."""
    L1, a1, b1 = (first[..., i] for i in range(3))
    L2, a2, b2 = (second[..., i] for i in range(3))
    # a is stretched near grey, then taken to chroma and hue.
    stretch = 1.5 - 0.5 * _saturating((jnp.hypot(a1, b1) + jnp.hypot(a2, b2)) / 2)
    C1, C2 = jnp.hypot(stretch * a1, b1), jnp.hypot(stretch * a2, b2)
    h1, h2 = jnp.arctan2(b1, stretch * a1), jnp.arctan2(b2, stretch * a2)
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    turn = h2 - h1
    across = jnp.abs(turn) > jnp.pi  # the shorter way leads across the cut at 180 degrees
    turn = jnp.where(across, turn - jnp.sign(turn) * 2 * jnp.pi, turn)
    h = jnp.where(across, (h1 + h2) / 2 + jnp.pi, (h1 + h2) / 2)
    h = jnp.where(C1 * C2 == 0, h1 + h2, h)  # grey has no hue

    weight = (
        1
        - 0.17 * jnp.cos(h - 30 * DEGREE)
        + 0.24 * jnp.cos(2 * h)
        + 0.32 * jnp.cos(3 * h + 6 * DEGREE)
        - 0.20 * jnp.cos(4 * h - 63 * DEGREE)
    )
    off_middle = (L - 50) ** 2
    lightness = (L2 - L1) / (1 + 0.015 * off_middle / jnp.sqrt(20 + off_middle))
    chroma = (C2 - C1) / (1 + 0.045 * C)
    hue = 2 * jnp.sqrt(C1 * C2) * jnp.sin(turn / 2) / (1 + 0.015 * C * weight)
    angle = jnp.mod(h, 2 * jnp.pi) / DEGREE
    rotation = 2 * 30 * DEGREE * jnp.exp(-(((angle - 275) / 25) ** 2))
    interaction = -2 * jnp.sin(rotation) * _saturating(C)
    square = lightness**2 + chroma**2 + hue**2 + interaction * chroma * hue
    return jnp.sqrt(jnp.maximum(square, 0.0))


def _saturating(C: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Compute sqrt(C^7 / (C^7 + 25^7)), from 0 for grey to 1 for large chroma."""
    power = C**7
    return jnp.sqrt(power / (power + LARGE))
