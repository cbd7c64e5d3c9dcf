"""Axes of the ab plane, and bins drawn as squares in it."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from cic_jax import bins, lab
from cic_jax.report.style import INK

LIGHTNESS = 65.0  # at which a bin's colour is shown
PROBABLE = 1e-3  # of the largest probability; smaller squares would be less than a dot
LIMIT = 122.0  # of a and b; the outermost bin ends at 115


def ab_axes(axes: Axes) -> None:
    """Show the whole plane, with a and b on the same scale."""
    axes.set_aspect("equal")
    axes.set_xlim(-LIMIT, LIMIT)
    axes.set_ylim(-LIMIT, LIMIT)
    axes.set_xticks(range(-100, 101, 50))
    axes.set_yticks(range(-100, 101, 50))
    axes.set_xlabel("a (green to red)")
    axes.set_ylabel("b (blue to yellow)")


def squares(
    centers: Float[np.ndarray, "q 2"],
    sides: Float[np.ndarray, " q"],
    colours: Float[np.ndarray, "q c"],
    **look: Any,
) -> PolyCollection:
    """Draw a square around each centre, filled with its colour (RGB or RGBA)."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    drawn = centers[:, None] + sides[:, None, None] * corners
    return PolyCollection(list(drawn), facecolors=colours, **look)


def distribution(axes: Axes, centers: Float[np.ndarray, "q 2"], p: Float[np.ndarray, " q"]) -> None:
    """Draw every bin pale in its colour, and in it a square whose area is its probability."""
    side = bins.pitch(centers)
    lightness = np.full((len(centers), 1), LIGHTNESS, np.float32)
    rgb = np.asarray(lab.lab_to_rgb(jnp.concatenate([lightness, centers], axis=1)))
    whole = np.full(len(centers), side)
    axes.add_collection(squares(centers, whole, rgb, alpha=0.22, linewidth=0))
    shown = p > PROBABLE * p.max()
    sides = side * np.sqrt(p[shown] / p.max())
    axes.add_collection(squares(centers[shown], sides, rgb[shown], edgecolors=INK, linewidth=0.6))
