"""Read-out of a network's output as the colour of every pixel, for scoring and colouring alike.

`pixel_ab` reads the output out and brings its colours to pixels, `fit` keeps them within sRGB, and
`render` makes 8-bit RGB of them.
"""

from cic_jax.read_out.gamut import fit
from cic_jax.read_out.pixels import lightness, pixel_ab, render
from cic_jax.read_out.upsample import CELL, bilinear, follow

__all__ = ["CELL", "bilinear", "fit", "follow", "lightness", "pixel_ab", "render"]
