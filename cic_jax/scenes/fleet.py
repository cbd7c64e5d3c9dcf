"""All vehicles: the styles of each kind, and `build`, which makes one."""

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
    """Build a vehicle of a kind in a random style and livery, over the origin and facing +x."""
    style = STYLES[kind][rng.integers(len(STYLES[kind]))]
    if kind == "aeroplane":
        liveries = list(aeroplanes.LIVERIES.values())
        change = liveries[rng.choice(len(liveries), p=[0.45, 0.25, 0.30])]
        # A light aircraft's wheels do not retract.
        return repaint(aeroplanes.build(style, not flying or style == "light aircraft"), change)
    if kind == "boat":
        return boats.build(style)
    if kind == "motorcycle":
        return motorcycles.build(style)
    return coachwork.build(style)
