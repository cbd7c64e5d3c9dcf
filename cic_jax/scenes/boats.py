"""Boats: a hull of frames from stern to bow, with cabins, masts and sails."""

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cic_jax.scenes.material import Material as M
from cic_jax.scenes.mesh import Mesh, Point, Table, both_sides, box, loft, merge, patches, tube


class Hull(NamedTuple):
    """A hull in metres; x runs from the stern, 0, to the bow; z = 0 is the waterline.

    `frames` is a row of (x, half beam at the waterline, half beam at the deck, height of the deck);
    a cabin is two opposite corners and a material.
    """

    frames: Table
    deck: M
    cabins: tuple[tuple[tuple[float, float, float], tuple[float, float, float], M], ...] = ()
    masts: Table = ()  # x, height
    sails: bool = False
    stripe: float = 0.12  # share of the freeboard painted as the bottom is


# fmt: off
HULLS = {
    "motor boat": Hull(
        ((0, 0.95, 1.1, 0.75), (2, 1.05, 1.25, 0.85), (4.2, 0.75, 1.1, 1.0), (5.6, 0.2, 0.6, 1.18), (6.3, 0.02, 0.06, 1.3)),  # noqa: E501
        M.WHITE, (((2.0, -0.75, 0.85), (4.0, 0.75, 1.6), M.WHITE),)),
    "yacht": Hull(
        ((0, 0.9, 1.2, 0.95), (3, 1.35, 1.6, 0.95), (6, 1.25, 1.5, 1.05), (9, 0.4, 0.8, 1.25), (10.4, 0.02, 0.06, 1.4)),  # noqa: E501
        M.WOOD, (((3.0, -0.8, 0.95), (6.6, 0.8, 1.5), M.WHITE),), ((5.9, 13.0),), sails=True),
    "trawler": Hull(
        ((0, 1.9, 2.3, 1.9), (4, 2.3, 2.6, 1.6), (9, 2.2, 2.6, 1.9), (13, 1.0, 1.9, 2.8), (15.4, 0.05, 0.3, 3.6)),  # noqa: E501
        M.WOOD, (((8.2, -1.4, 1.8), (11.4, 1.4, 4.6), M.WHITE), ((8.6, -1.1, 4.6), (10.8, 1.1, 5.0), M.WHITE)),  # noqa: E501
        ((5.0, 8.0), (10.0, 8.5))),
    "ferry": Hull(
        ((0, 5.0, 5.6, 5.0), (12, 6.2, 6.6, 5.0), (36, 6.2, 6.6, 5.2), (50, 2.6, 4.6, 6.2), (57, 0.1, 0.6, 7.6)),  # noqa: E501
        M.METAL, (((5, -5.4, 5), (44, 5.4, 8.2), M.WHITE), ((9, -5, 8.2), (41, 5, 11), M.WHITE), ((33, -4.4, 11), (40, 4.4, 13.4), M.WHITE)),  # noqa: E501
        ((38, 18.0),)),
    "cargo ship": Hull(
        ((0, 7.5, 8.5, 8.0), (16, 9.5, 9.5, 7.5), (70, 9.5, 9.5, 7.5), (88, 4, 7.5, 9.5), (99, 0.2, 1.0, 12.0)),  # noqa: E501
        M.METAL, (((5, -7.5, 7.5), (17, 7.5, 20), M.WHITE), ((7, -8.6, 20), (15, 8.6, 23), M.WHITE)),  # noqa: E501
        ((11, 29), (40, 18), (66, 18))),
    "rowing boat": Hull(
        ((0, 0.45, 0.6, 0.42), (1.4, 0.6, 0.78, 0.38), (2.8, 0.42, 0.62, 0.42), (3.9, 0.02, 0.05, 0.62)),  # noqa: E501
        M.WOOD, (((1.2, -0.6, 0.36), (1.45, 0.6, 0.42), M.WOOD),)),
}
# fmt: on
STYLES = tuple(HULLS)


@lru_cache
def build(style: str) -> Mesh:
    """Build the mesh of one of `STYLES`, centred over the origin."""
    spec = HULLS[style]
    parts = [_hull(spec)]
    parts += [_cabin(*cabin) for cabin in spec.cabins]
    parts += [_mast(x, z, spec) for x, z in spec.masts]
    if spec.sails:
        parts.append(_sails(spec))
    mesh = merge(*parts)
    return mesh._replace(corners=mesh.corners - [spec.frames[-1][0] / 2, 0, 0])


def _hull(spec: Hull) -> Mesh:
    frames = np.array(spec.frames)
    x = np.linspace(frames[0, 0], frames[-1, 0], 14)
    water, deck, height = (np.interp(x, frames[:, 0], frames[:, i]) for i in (1, 2, 3))
    s = spec.stripe
    # The stem rakes forward: the bow is further ahead at the deck than at the waterline.
    rake = 0.35 * frames[-1, 3] * (x / x[-1]) ** 8
    right = [
        (x - rake, 0 * x, 0 * x - 0.02),
        (x - rake, water, 0 * x),
        (x - rake * (1 - s), water + s * (deck - water), s * height),
        (x - 0.4 * rake, 0.5 * (water + deck) + 0.04 * deck, 0.55 * height),
        (x - 0.06 * rake, 0.99 * deck, 0.93 * height),
        (x, deck, height),
        (x, 0.90 * deck, height),
    ]
    ring = [np.stack([px, py, pz], 1) for px, py, pz in right]
    ring += [r * [1, -1, 1] for r in ring[:0:-1]]
    rings = np.stack(ring, axis=1)
    band = [M.BOTTOM, M.BOTTOM, M.PAINT, M.PAINT, M.WHITE, M.WHITE, spec.deck]
    material = np.broadcast_to(np.array(band + band[-2::-1]), (13, 13))
    hull = loft(rings, material, (M.PAINT, M.PAINT))
    # The deck is painted before everything that stands on it.
    return hull._replace(lift=np.where(hull.normals[:, 2] > 0.9, -2.0, 0.0))


def _cabin(low: Point, high: Point, material: M) -> Mesh:
    """Build a cabin with a row of windows on each side."""
    taper = 0.92
    block = box(low, high, material, taper)
    (x0, _, z0), (x1, y1, z1) = np.array([low, high], float).tolist()
    rise = z1 - z0
    if rise < 0.3:
        return block
    floors = max(1, round(rise / 2.8))
    panes: list = []
    for floor in range(floors):
        bottom, top = (z0 + rise * (floor + t) / floors for t in (0.45, 0.82))
        panes += _row(x0, x1, y1, bottom, top, (z0, rise, taper))
    lift = 0.3
    middle = ((x0 + x1) / 2, 0, (z0 + z1) / 2)
    return merge(block, both_sides(patches(panes, middle, M.GLASS, lift)))


def _row(
    x0: float, x1: float, y: float, low: float, high: float, walls: tuple[float, float, float]
) -> list:
    """Return panes along one side and across half the front, on walls that lean in.

    Args:
        x0: Rear end of the wall.
        x1: Front end of the wall.
        y: Distance of the side wall from the middle.
        low: Lower edge of the panes.
        high: Upper edge of the panes.
        walls: Foot and height of the walls, and how much narrower they are at the top.
    """
    foot, rise, taper = walls
    middle = (x0 + x1) / 2

    def lean(px: float, py: float, z: float) -> tuple[float, float, float]:
        k = 1.01 - (1 - taper) * (z - foot) / rise
        return middle + (px - middle) * k, py * k, z

    count = max(2, round((x1 - x0) / (2.2 * (high - low))))
    edges = np.linspace(x0, x1, count + 1)
    gap = 0.15 * (edges[1] - edges[0])
    spans = [(a + gap, b - gap) for a, b in itertools.pairwise(edges.tolist())]
    side = [
        [lean(px, y, z) for px, z in ((a, low), (b, low), (b, high), (a, high))] for a, b in spans
    ]
    front = [
        [lean(x1, py, z) for py, z in ((a * y, low), (b * y, low), (b * y, high), (a * y, high))]
        for a, b in ((0.05, 0.42), (0.5, 0.92))
    ]
    return side + front


def _mast(x: float | int, height: float | int, spec: Hull) -> Mesh:
    radius = 0.011 * height if not spec.sails else 0.07
    foot = float(np.interp(x, *np.array(spec.frames).T[[0, 3]]))
    return tube([(x, 0, foot), (x, 0, height)], [radius, 0.6 * radius], M.METAL, 6, 0.5)


def _sails(spec: Hull) -> Mesh:
    """Build mainsail and jib, set a little to one side of the mast."""
    (mast, top), bow = spec.masts[0], spec.frames[-1][0]
    parts = []
    for side in (-1.0, 1.0):
        away = (mast, -5 * side, 3)
        main = _triangle((mast - 0.1, 0, 2.1), (mast - 4.6, 0.9, 2.3), (mast - 0.1, 0, top - 0.3))
        jib = _triangle((bow - 0.3, 0, 1.6), (mast - 0.4, 0.7, 1.9), (mast + 0.1, 0, top - 1.2))
        parts += [patches([*main, *jib], away, M.CANVAS, 0.2)]
    boom = tube([(mast, 0, 2.0), (mast - 4.7, 0.9, 2.1)], [0.06, 0.05], M.METAL, 5, 0.3)
    return merge(*parts, boom)


def _triangle(tack: Point, clew: Point, head: Point) -> list:
    """Return a triangular sail as strips, curved so that its shading varies."""
    foot, end, top = (np.asarray(p, float) for p in (tack, clew, head))
    levels = np.linspace(0, 1, 7)
    luff, leech = (corner + levels[:, None] * (top - corner) for corner in (foot, end))
    strips = []
    for across in ((0, 0.35), (0.35, 0.7), (0.7, 1.0)):
        edges = []
        for t in across:
            belly = 0.5 * np.sin(np.pi * t) * (1 - levels)[:, None] * [0.0, 1.0, 0.0]
            edges.append(luff + t * (leech - luff) + belly)
        strips += [[edges[0][i], edges[1][i], edges[1][i + 1], edges[0][i + 1]] for i in range(6)]
    return strips
