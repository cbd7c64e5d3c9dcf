"""All the vehicles there are: styles by kind, and how one of them is had."""

import numpy as np

from cic_jax.scenes import aeroplanes, boats, coachwork, motorcycles
from cic_jax.scenes.mesh import Mesh, repaint

STYLES: dict[str, tuple[str, ...]] = {
    "aeroplane": aeroplanes.STYLES,
    "boat": boats.STYLES,
    "bus": coachwork.BUSES,
    "car": coachwork.CARS,
    "motorcycle": motorcycles.STYLES,
}


def build(kind: str, flying: bool, rng: np.random.Generator) -> Mesh:
    """A vehicle of a kind in a random style and livery, over the origin and facing along x."""
    style = STYLES[kind][rng.integers(len(STYLES[kind]))]
    if kind == "aeroplane":
        liveries = list(aeroplanes.LIVERIES.values())
        change = liveries[rng.choice(len(liveries), p=[0.45, 0.25, 0.30])]
        # A light aircraft's wheels do not fold.
        return repaint(aeroplanes.build(style, not flying or style == "light aircraft"), change)
    if kind == "boat":
        return boats.build(style)
    if kind == "motorcycle":
        return motorcycles.build(style)
    return coachwork.build(style)
