"""Conversion of 8-bit pixels to lightness, and of a network's output to 8-bit colour."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import bins, lab, prior
from cic_jax.read_out.gamut import fit, possible
from cic_jax.read_out.settings import Settings
from cic_jax.read_out.upsample import follow, means
from cic_jax.target import Target


@jax.jit
def lightness(rgb: UInt8[Array, "h w *c"]) -> Float[Array, "h w 1"]:
    """Compute L in [0, 100] of 8-bit sRGB ('h w 3') or grey ('h w') values."""
    rgb = rgb.reshape(*rgb.shape[:2], -1)
    return lab.from_uint8(jnp.broadcast_to(rgb, (*rgb.shape[:2], 3)))[..., :1]


def cell_ab(
    target: Target, output: Float[Array, "i j q"], L: Float[Array, "i j 1"], settings: Settings
) -> Float[Array, "i j 2"]:
    """Read out the colours of cells of mean lightness L; the saturation plays no part.

    The logits are rebalanced and masked as the settings say, their annealed mean is the colour, and
    its chroma is multiplied by the network's certainty to the power of `settings.doubt`.
    """
    adjusted = output
    if target.prior is not None:
        adjusted = prior.adjust(adjusted, target.prior, settings.tau)
    if target.centers is None:
        return target.to_ab(adjusted, settings.temperature)
    centers = np.asarray(target.centers)
    adjusted = _where(
        settings.possible,
        lambda logits: jnp.where(possible(L, centers), logits, -jnp.inf),
        adjusted,
    )
    ab = target.to_ab(adjusted, settings.temperature)
    return _where(settings.doubt > 0, lambda ab: ab * bins.certainty(output) ** settings.doubt, ab)


def _where(condition: Array | bool, change: Callable[[Array], Array], x: Array) -> Array:
    """Change x where a condition holds; only for one that is traced both ways are compiled."""
    if isinstance(condition, bool):
        return change(x) if condition else x
    return jax.lax.cond(condition, change, lambda x: x, x)


def pixel_ab(
    target: Target, output: Float[Array, "i j q"], L: Float[Array, "4*i 4*j 1"], settings: Settings
) -> Float[Array, "4*i 4*j 2"]:
    """Read out a network's output and bring the colours of its cells to pixels, along edges of L.

    Colours may lie outside sRGB; `fit` brings them inside.
    """
    return settings.saturation * follow(cell_ab(target, output, means(L), settings), L)


@jax.jit
def render(L: Float[Array, "h w 1"], ab: Float[Array, "h w 2"]) -> UInt8[Array, "h w 3"]:
    """Convert to 8-bit sRGB; lightness is kept, and chroma reduced where sRGB cannot show both."""
    rgb = lab.lab_to_rgb(jnp.concatenate([L, fit(L, ab)], axis=-1))
    return jnp.round(255 * rgb).astype(jnp.uint8)
