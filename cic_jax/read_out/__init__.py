"""Read-out of a network's output as the colour of every pixel, for scoring and colouring alike.

`Settings` say how; `cell_ab` reads the output out, `pixel_ab` brings its colours to pixels, `fit`
keeps them within sRGB, and `render` makes 8-bit RGB of them.
"""

from cic_jax.read_out.gamut import fit, reach
from cic_jax.read_out.pixels import cell_ab, lightness, pixel_ab, render
from cic_jax.read_out.settings import Settings, from_config, require, traced
from cic_jax.read_out.upsample import CELL, bilinear, follow, means

__all__ = [
    "CELL",
    "Settings",
    "bilinear",
    "cell_ab",
    "fit",
    "follow",
    "from_config",
    "lightness",
    "means",
    "pixel_ab",
    "reach",
    "render",
    "require",
    "traced",
]
