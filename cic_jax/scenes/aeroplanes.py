"""Aeroplanes: a fuselage of circles, lifting surfaces of thin sections, engines."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cic_jax.scenes.material import Material as M
from cic_jax.scenes.mesh import Mesh, Point, Table, both_sides, loft, merge, patches, tube


class Plane(NamedTuple):
    """An aeroplane in metres; x runs from the tail, 0, to the nose.

    `body` is a row of (x, z, radius). `wing` and `tail` hold root and tip as (x, y, z, chord)
    of the leading edge. `jets` and `propellers` are (x, y, z, radius), `wheels` are
    (x, y, radius). z = 0 is the ground under the wheels.
    """

    body: Table
    wing: tuple[tuple[float, float, float, float], tuple[float, float, float, float]]
    tail: tuple[tuple[float, float, float, float], tuple[float, float, float, float]]
    fin: tuple[tuple[float, float, float], tuple[float, float, float]]  # x, z, chord
    jets: Table = ()
    propellers: Table = ()
    wheels: Table = ()
    windows: tuple[float, float, int] = (0, 1, 0)  # first x, last x, number
    pane: float = 0.3  # width of a window
    cockpit: tuple[float, float] = (0, 0)  # first x, last x of its windows


# fmt: off
PLANES = {
    "airliner": Plane(
        ((0, 4.2, 0.25), (2.5, 4.0, 0.75), (7, 3.5, 1.6), (11, 3.3, 1.95), (30, 3.3, 1.95), (33, 3.25, 1.75), (34.8, 3.05, 1.2), (35.7, 2.85, 0.5), (35.9, 2.8, 0.15)),  # noqa: E501
        ((22.5, 1.2, 2.3, 6.4), (14.2, 17.5, 4.0, 1.5)), ((4.4, 0.5, 4.3, 3.4), (1.2, 6.3, 4.9, 1.3)),  # noqa: E501
        ((6.4, 4.8, 5.6), (0.4, 11.2, 2.0)),
        jets=((21.8, 5.8, 1.7, 1.05),), wheels=((17.2, 2.6, 0.55), (31.5, 0.25, 0.45)),
        windows=(9.5, 31.5, 30), pane=0.32, cockpit=(33.2, 34.9)),
    "jumbo": Plane(
        ((0, 6.0, 0.3), (4, 5.6, 1.1), (11, 4.9, 2.5), (18, 4.6, 3.1), (48, 4.6, 3.1), (54, 5.0, 2.9), (57.5, 4.7, 2.2), (59.6, 4.2, 1.0), (60, 4.0, 0.3)),  # noqa: E501
        ((38, 2, 3.2, 12), (22, 29, 6.4, 3.0)), ((7, 1, 6, 6), (2, 10.5, 7, 2.4)),
        ((11, 7, 10), (0.8, 18, 3.6)),
        jets=((35.5, 10.5, 2.6, 1.5), (29.5, 19.5, 3.6, 1.5)),
        wheels=((29, 3.6, 0.8), (50, 0.5, 0.7)),
        windows=(14, 52, 40), pane=0.4, cockpit=(55.5, 57.4)),
    "business jet": Plane(
        ((0, 2.1, 0.15), (2, 2.0, 0.5), (5, 1.75, 0.9), (12, 1.7, 0.95), (14, 1.6, 0.8), (15.4, 1.4, 0.4), (15.8, 1.35, 0.1)),  # noqa: E501
        ((9.6, 0.5, 1.1, 3.2), (5.6, 7.4, 1.7, 1.0)), ((1.2, 0.1, 4.4, 1.5), (0.4, 3.0, 4.4, 0.7)),
        ((3.6, 2.2, 2.8), (1.0, 4.5, 1.5)),
        jets=((5.2, 1.5, 2.2, 0.5),), wheels=((7.4, 1.4, 0.3), (13.6, 0.12, 0.25)),
        windows=(7.0, 12.2, 6), pane=0.36, cockpit=(13.1, 14.3)),
    "turboprop": Plane(
        ((0, 3.4, 0.3), (3, 3.1, 0.8), (7, 2.7, 1.3), (22, 2.6, 1.4), (25, 2.5, 1.2), (26.6, 2.3, 0.6), (27, 2.25, 0.2)),  # noqa: E501
        ((16.2, 0.3, 4.05, 2.6), (15.4, 13.5, 4.1, 1.4)), ((2.4, 0.1, 7.4, 2.0), (1.8, 3.9, 7.4, 1.1)),  # noqa: E501
        ((5.6, 3.4, 4.4), (1.8, 7.4, 2.3)),
        propellers=((17.6, 4.1, 3.6, 0.55),), wheels=((14.6, 1.9, 0.45), (24.4, 0.2, 0.35)),
        windows=(7.5, 22.5, 18), pane=0.34, cockpit=(24.2, 25.7)),
    "light aircraft": Plane(
        ((0, 1.35, 0.08), (1.5, 1.35, 0.25), (3.8, 1.35, 0.55), (4.6, 1.4, 0.68), (6.2, 1.35, 0.66), (6.7, 1.2, 0.50), (8.0, 1.15, 0.42), (8.15, 1.15, 0.2)),  # noqa: E501
        ((6.2, 0.2, 2.08, 1.6), (6.0, 5.4, 2.2, 1.1)), ((1.2, 0.1, 1.4, 1.1), (0.9, 1.7, 1.4, 0.7)),
        ((1.6, 1.45, 1.5), (0.2, 2.7, 0.7)),
        propellers=((7.95, 0, 1.15, 0.30),), wheels=((5.2, 1.1, 0.22), (7.3, 0.05, 0.2)),
        windows=(4.5, 6.1, 2), pane=0.62, cockpit=(6.2, 6.75)),
}
# fmt: on
LIVERIES: dict[str, dict[M, M]] = {
    "whole": {M.ACCENT: M.PAINT},
    "fuselage": {M.ACCENT: M.WHITE},
    "tail": {M.PAINT: M.WHITE, M.ACCENT: M.PAINT},
}
STYLES = tuple(PLANES)


@lru_cache
def build(plane: str, wheels_down: bool) -> Mesh:
    """Build the mesh of one of `PLANES`, centred over the origin; fin and engines are ACCENT."""
    spec = PLANES[plane]
    parts = [_fuselage(spec), _surfaces(spec), _engines(spec), _windows(spec)]
    if wheels_down:
        parts.append(_gear(spec))
    mesh = merge(*parts)
    return mesh._replace(corners=mesh.corners - [spec.body[-1][0] / 2, 0, 0])


def _fuselage(spec: Plane) -> Mesh:
    body = np.array(spec.body)
    x = np.linspace(body[0, 0], body[-1, 0], 25)
    x = np.union1d(x, body[:, 0])
    z, radius = (np.interp(x, body[:, 0], body[:, i]) for i in (1, 2))
    return tube(np.stack([x, 0 * x, z], 1), radius, M.PAINT, 16)


def _section(lead: Point, chord: float | int, thick: float, up: Point) -> np.ndarray:
    """Return the outline of a thin aerofoil behind its leading edge; `up` is its thickness axis."""
    back = np.array([0, 0.08, 0.35, 1.0, 0.35, 0.08]) * -chord
    high = np.array([0, 0.6, 1.0, 0, -0.7, -0.5]) * thick * chord
    return np.asarray(lead) + back[:, None] * [1, 0, 0] + high[:, None] * np.asarray(up)


def _surfaces(spec: Plane) -> Mesh:
    parts = []
    for surface, lift in ((spec.wing, 0.0), (spec.tail, 0.0)):
        (x0, y0, z0, c0), (x1, y1, z1, c1) = surface
        t = np.linspace(0, 1, 4)
        rings = [
            _section((x0 + s * (x1 - x0), y0 + s * (y1 - y0), z0 + s * (z1 - z0)), c0 + s * (c1 - c0), 0.05, (0, 0, 1))  # noqa: E501
            for s in t
        ]  # fmt: skip
        parts.append(both_sides(loft(np.stack(rings), M.METAL, (M.METAL, M.METAL), lift)))
    (x0, z0, c0), (x1, z1, c1) = spec.fin
    root = _section((x0, 0, z0 - 0.1 * c0), c0, 0.05, (0, 1, 0))
    tip = _section((x1 + c1, 0, z1), c1, 0.05, (0, 1, 0))
    fin = loft(np.stack([root, (root + tip) / 2, tip]), M.ACCENT, (M.ACCENT, M.ACCENT), 0.1)
    if spec.wing[0][2] > spec.body[len(spec.body) // 2][1]:
        # A high wing lies on the fuselage: draw it after the cabin's roof.
        parts[0] = parts[0]._replace(lift=parts[0].lift + spec.body[3][2])
    return merge(*parts, fin)


def _engines(spec: Plane) -> Mesh:
    parts = []
    for x, y, z, r in spec.jets:
        cowl = tube(
            [(x - 3.2 * r, y, z + 0.1 * r), (x - 1.6 * r, y, z), (x, y, z), (x + 0.8 * r, y, z)],
            [0.5 * r, 0.9 * r, r, 0.92 * r],
            M.ACCENT,
            12,
            0.3 * r,
        )
        inlet = tube(
            [(x + 0.8 * r, y, z), (x + 0.84 * r, y, z)], [0.84 * r, 0.8 * r], M.BLACK, 12, 0.6 * r
        )
        parts.append(both_sides(merge(cowl, inlet)))
    for x, y, z, r in spec.propellers:
        nacelle = tube(
            [(x - 6 * r, y, z), (x - 3 * r, y, z), (x, y, z), (x + 0.8 * r, y, z)],
            [0.4 * r, r, 0.9 * r, 0.15 * r],
            M.ACCENT,
            10,
            0.2 * r,
        )
        blades = [
            patches(
                [[(x + 0.3 * r, y + s * c - w * d, z + s * d + w * c) for s, w in ((0, -0.09 * r), (3.4 * r, -0.16 * r), (3.4 * r, 0.16 * r), (0, 0.09 * r))]],  # noqa: E501
                (x + side, y, z), M.BLACK, 0.3 * r)
            for a in (0.4, 2.5, 4.6) for side in (-1, 1)
            for c, d in [(float(np.cos(a)), float(np.sin(a)))]
        ]  # fmt: skip
        both = merge(nacelle, *blades)
        parts.append(both_sides(both) if y else both)
    return merge(*parts)


def _on_body(spec: Plane, x: float | int, angle: float, out: float = 1.015) -> tuple:
    """Return the point on the fuselage at x and `angle` radians above the horizontal."""
    body = np.array(spec.body)
    z, radius = (float(np.interp(x, body[:, 0], body[:, i])) for i in (1, 2))
    return x, out * radius * np.cos(angle), z + out * radius * np.sin(angle)


def _windows(spec: Plane) -> Mesh:
    start, stop, count = spec.windows
    pane = spec.pane
    middle = (spec.body[-1][0] / 2, 0, spec.body[3][1])
    radius = spec.body[3][2]
    low, high = 0.16, 0.16 + 1.25 * pane / radius
    panes = [
        [
            _on_body(spec, px, a)
            for px, a in ((x, low), (x + pane, low), (x + pane, high), (x, high))
        ]
        for x in np.linspace(start, stop, count)
    ]
    a, b = spec.cockpit
    shield = [
        [_on_body(spec, x, t) for x, t in ((a, t0), (b, t0), (b, t1), (a, t1))]
        for t0, t1 in ((0.25, 0.8), (0.85, 1.5))
    ]
    return both_sides(patches([*panes, *shield], middle, M.GLASS, 0.3))


def _gear(spec: Plane) -> Mesh:
    parts = []
    for x, y, r in spec.wheels:
        width = 0.5 * r
        wheel = tube([(x, y - width / 2, r), (x, y + width / 2, r)], [r, r], M.RUBBER, 12)
        leg = tube(
            [(x, y, r), (x, 0.9 * y, spec.body[3][1] - 0.2)], [0.18 * r, 0.22 * r], M.METAL, 5
        )
        parts.append(merge(wheel, leg))
    return both_sides(merge(*parts))
