"""Cars and buses: a body drawn from its side profile, with glass, wheels and lamps."""

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from cic_jax.scenes.material import Material as M
from cic_jax.scenes.mesh import Mesh, both_sides, disc, fan, loft, merge, patches, tube

Spans = tuple[tuple[float, float], ...]


class Shape(NamedTuple):
    """A car or bus body in metres; x runs from the tail, 0, to the nose.

    `profile` is the upper outline (x, z). Above the belt line, `windows` are the side panes and
    `screens` the rear window and the windscreen, as spans of x. `rows` are further rows of panes
    (low z, high z) below the belt, for a lower deck.
    """

    width: float
    belt: float
    clearance: float
    profile: tuple[tuple[float, float], ...]
    windows: Spans
    screens: Spans
    wheels: tuple[float, ...]
    radius: float
    tumblehome: float = 0.16
    rows: Spans = ()
    lamps: float = 0.68  # height
    doors: tuple[float, ...] = ()


def _panes(start: float, stop: float, count: int, pillar: float) -> Spans:
    edges = np.linspace(start, stop, count + 1)
    return tuple((a, b - pillar) for a, b in itertools.pairwise(edges.tolist()))


# fmt: off
SHAPES = {
    "saloon": Shape(
        1.78, 0.93, 0.20,
        ((0, 0.86), (0.06, 0.95), (0.62, 1.01), (1.28, 1.38), (1.75, 1.45), (2.55, 1.43), (3.35, 1.00), (4.15, 0.90), (4.44, 0.76), (4.5, 0.66)),  # noqa: E501
        ((1.00, 1.85), (1.95, 3.02)), ((0.66, 1.26), (2.60, 3.33)), (0.90, 3.62), 0.32, doors=(1.02, 1.92, 2.98)),  # noqa: E501
    "hatchback": Shape(
        1.74, 0.95, 0.19,
        ((0, 0.88), (0.05, 1.02), (0.42, 1.42), (0.80, 1.50), (2.05, 1.48), (2.95, 1.02), (3.60, 0.92), (3.90, 0.76), (3.96, 0.64)),  # noqa: E501
        ((0.50, 0.78), (0.86, 1.55), (1.64, 2.60)), ((0.10, 0.40), (2.12, 2.93)), (0.68, 3.22), 0.31, doors=(0.82, 1.60, 2.60)),  # noqa: E501
    "estate": Shape(
        1.80, 0.95, 0.20,
        ((0, 0.86), (0.05, 0.98), (0.38, 1.42), (0.80, 1.49), (2.60, 1.46), (3.45, 1.00), (4.25, 0.90), (4.56, 0.76), (4.62, 0.66)),  # noqa: E501
        ((0.46, 1.02), (1.10, 1.92), (2.01, 3.08)), ((0.10, 0.36), (2.66, 3.43)), (0.90, 3.68), 0.32, doors=(1.06, 1.97, 3.04)),  # noqa: E501
    "off-roader": Shape(
        1.92, 1.12, 0.28,
        ((0, 1.00), (0.04, 1.15), (0.26, 1.66), (0.60, 1.76), (2.60, 1.73), (3.30, 1.20), (4.20, 1.08), (4.50, 0.94), (4.58, 0.76)),  # noqa: E501
        ((0.32, 0.92), (1.00, 1.84), (1.92, 2.96)), ((0.08, 0.25), (2.66, 3.28)), (0.88, 3.66), 0.39, 0.12, lamps=0.84, doors=(0.96, 1.88, 2.92)),  # noqa: E501
    "coupe": Shape(
        1.84, 0.86, 0.15,
        ((0, 0.80), (0.06, 0.92), (0.45, 0.95), (1.55, 1.25), (1.95, 1.28), (2.35, 1.24), (3.15, 0.92), (4.00, 0.78), (4.32, 0.66), (4.4, 0.56)),  # noqa: E501
        ((1.30, 1.80), (1.86, 2.85)), ((0.70, 1.52), (2.42, 3.12)), (0.86, 3.50), 0.33, doors=(1.82, 2.84), lamps=0.62),  # noqa: E501
    "van": Shape(
        1.95, 1.18, 0.22,
        ((0, 1.00), (0.03, 1.25), (0.12, 1.92), (0.40, 2.02), (3.15, 2.00), (3.50, 1.88), (4.28, 1.14), (4.85, 0.96), (4.98, 0.74)),  # noqa: E501
        ((0.30, 1.55), (1.70, 2.80), (2.95, 3.90)), ((0.05, 0.11), (3.54, 4.24)), (0.95, 4.00), 0.34, 0.08, lamps=0.80, doors=(1.62, 2.88, 3.86)),  # noqa: E501
    "pickup": Shape(
        1.90, 1.05, 0.30,
        ((0, 0.98), (0.04, 1.06), (1.78, 1.06), (1.92, 1.60), (2.15, 1.74), (3.10, 1.72), (3.75, 1.14), (4.65, 1.04), (4.98, 0.90), (5.06, 0.74)),  # noqa: E501
        ((1.98, 2.52), (2.60, 3.45)), ((1.80, 1.90), (3.16, 3.72)), (1.05, 4.10), 0.39, 0.10, lamps=0.82, doors=(1.92, 2.56, 3.46)),  # noqa: E501
    "city bus": Shape(
        2.50, 1.35, 0.30,
        ((0, 1.40), (0.04, 1.50), (0.16, 2.80), (0.45, 3.05), (11.2, 3.05), (11.6, 2.80), (11.92, 1.30), (12.0, 1.10)),  # noqa: E501
        _panes(0.7, 11.4, 8, 0.16), ((0.06, 0.15), (11.62, 11.90)), (2.7, 9.2), 0.50, 0.03, lamps=0.72, doors=(5.3, 6.6, 10.1, 11.3)),  # noqa: E501
    "coach": Shape(
        2.52, 1.70, 0.32,
        ((0, 1.60), (0.05, 1.80), (0.25, 3.25), (0.60, 3.45), (10.6, 3.45), (11.1, 3.20), (11.9, 1.35), (12.0, 1.10)),  # noqa: E501
        _panes(0.7, 11.0, 6, 0.10), ((0.08, 0.23), (11.14, 11.88)), (2.9, 9.3), 0.52, 0.03, lamps=0.78, doors=(3.8, 8.2, 10.3)),  # noqa: E501
    "double-decker": Shape(
        2.50, 2.95, 0.30,
        ((0, 2.80), (0.04, 3.00), (0.16, 4.00), (0.45, 4.25), (9.7, 4.25), (10.1, 4.00), (10.42, 2.90), (10.5, 2.60)),  # noqa: E501
        _panes(0.7, 10.0, 7, 0.16), ((0.06, 0.15), (10.12, 10.40)), (2.4, 8.0), 0.50, 0.03, ((1.35, 2.15),), lamps=0.72, doors=(8.8, 10.0)),  # noqa: E501
}
# fmt: on
CARS = ("saloon", "hatchback", "estate", "off-roader", "coupe", "van", "pickup")
BUSES = ("city bus", "coach", "double-decker")


@lru_cache
def build(style: str) -> Mesh:
    """Build the mesh of one of `SHAPES`, centred over the origin."""
    shape = SHAPES[style]
    mesh = merge(_body(shape), _trim(shape), _wheels(shape), _ends(shape))
    return mesh._replace(corners=mesh.corners - [shape.profile[-1][0] / 2, 0, 0])


def _half_width(shape: Shape, x: Float[np.ndarray, " s"]) -> Float[np.ndarray, " s"]:
    """Return the body's half width at x: a plan rounded at both ends."""
    length = shape.profile[-1][0]
    plan = ([0, 0.10, 0.6, length - 0.9, length - 0.15, length], [0.86, 0.95, 1, 1, 0.93, 0.82])
    return shape.width / 2 * np.interp(x, *plan)


def _body(shape: Shape) -> Mesh:
    outline = np.array(shape.profile)
    edges = [e for span in (*shape.windows, *shape.screens) for e in span]
    x = np.unique(np.concatenate([outline[:, 0], edges, np.array(shape.wheels)]))
    top = np.interp(x, *outline.T)
    half = _half_width(shape, x)
    ends = np.minimum(x, outline[-1, 0] - x)
    sill = shape.clearance + 0.14 * np.clip(1 - ends / 0.5, 0, 1)
    belt = np.minimum(shape.belt, top - 0.02)
    roof_half = half * (1 - shape.tumblehome * np.clip((top - belt) / 0.5, 0, 1))
    right = [
        (0.84 * half, sill),
        (0.97 * half, sill + 0.10),
        (half, sill + 0.5 * (belt - sill)),
        (0.965 * half, belt),
        (roof_half, top - 0.015),
        (0.90 * roof_half, top + 0.02),
    ]
    y = np.stack([p[0] for p in right] + [-p[0] for p in right[::-1]], axis=1)
    z = np.stack([p[1] for p in right] + [p[1] for p in right[::-1]], axis=1)
    rings = np.stack([np.broadcast_to(x[:, None], y.shape), y, z], axis=2)
    material = np.full((len(x) - 1, 12), int(M.PAINT))
    middle = (x[:-1] + x[1:]) / 2
    material[np.ix_(_within(middle, shape.windows), np.array([3, 7]))] = M.GLASS
    material[_within(middle, shape.screens), 5] = M.GLASS
    material[:, 11] = M.BLACK
    material[:, [0, 10]] = M.BLACK
    return loft(rings, material, (M.PAINT, M.PAINT))


def _within(x: Float[np.ndarray, " n"], spans: Spans) -> np.ndarray:
    return np.any([(x > a) & (x < b) for a, b in spans], axis=0)


def _side(shape: Shape, spans: Spans, low: float, high: float, material: M, lift: float) -> Mesh:
    """Build flat panels on both sides of a body.

    Args:
        shape: The body.
        spans: First and last x of each panel.
        low: Lower edge.
        high: Upper edge.
        material: What the panels are made of.
        lift: Metres by which they come forward in the painting order.
    """
    y = shape.width / 2 + 0.004
    corners = [((a, y, low), (b, y, low), (b, y, high), (a, y, high)) for a, b in spans]
    return both_sides(patches(corners, (0, 0, 0), material, lift))


def _trim(shape: Shape) -> Mesh:
    """Build door seams, handles, mirrors and the panes of a lower deck."""
    tall = shape.belt > 1.25
    low, high = shape.clearance + 0.12, shape.belt
    seams = _side(shape, tuple((d, d + 0.025) for d in shape.doors), low, high, M.SEAM, 0.3)
    parts = [seams]
    if not tall:
        handles = tuple((d + 0.08, d + 0.24) for d in shape.doors[:-1])
        parts.append(_side(shape, handles, high - 0.14, high - 0.10, M.SEAM, 0.32))
        glass = ((shape.windows[0][0], shape.windows[-1][1]),)
        parts.append(_side(shape, glass, high - 0.035, high - 0.005, M.CHROME, 0.32))
    for row in shape.rows:
        parts.append(_side(shape, shape.windows, *row, M.GLASS, 0.35))
    front = shape.windows[-1][1]
    at = (front + 0.05, shape.width / 2 + 0.10, shape.belt + (0.5 if tall else 0.06))
    mirror = tube([at, (at[0] + 0.14, *at[1:])], [0.09, 0.07], M.BLACK, lift=0.4)
    return merge(*parts, both_sides(mirror))


def _wheels(shape: Shape) -> Mesh:
    half, radius, parts = shape.width / 2, shape.radius, []
    for x in shape.wheels:
        parts.append(_arch(x, half + 0.006, radius))
        parts.append(wheel(x, half, radius, 0.22))
    return both_sides(merge(*parts))


def _arch(x: float, y: float, radius: float) -> Mesh:
    angle = np.linspace(-0.15, np.pi + 0.15, 14)
    ring = np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1) * 1.16 * radius
    return fan(ring + np.array([x, y, radius]), (x, y - 1, radius), M.BLACK, lift=0.35)


def wheel(x: float, y: float, radius: float, width: float) -> Mesh:
    """Build a tyre and a rim with five openings; the outer face, at y, looks to the left."""
    tire = tube(
        [(x, y - width, radius), (x, y - 0.03, radius), (x, y, radius)],
        [radius, radius, 0.93 * radius],
        M.RUBBER,
        sides=20,
        lift=0.45,
    )
    rim = disc((x, y + 0.005, radius), 0.66 * radius, M.CHROME, 0.6, sides=16)
    openings = []
    for angle in 2 * np.pi * np.arange(5) / 5 + 0.3:
        spread = np.array([-0.38, -0.34, 0.34, 0.38]) + angle
        reach = np.array([0.25, 0.58, 0.58, 0.25]) * radius
        across, up = x + reach * np.cos(spread), radius + reach * np.sin(spread)
        openings.append(np.stack([across, 0 * reach + y + 0.01, up], axis=1))
    return merge(tire, rim, patches(openings, (x, y - 1, radius), M.SEAM, 0.65))


def _ends(shape: Shape) -> Mesh:
    """Build lamps, grille, bumpers and number plates."""
    nose, half, z = shape.profile[-1][0], shape.width / 2, shape.lamps
    front, tail = (nose, 0.82 * half), (0.0, 0.86 * half)

    def across(end: tuple[float, float], a: float, b: float, low: float, high: float) -> tuple:
        x, w = end
        x = x + (0.012 if x > 0 else -0.012)
        return ((x, a * w, low), (x, b * w, low), (x, b * w, high), (x, a * w, high))

    def wrap(x: float, back: float, w: float, low: float, high: float) -> tuple:
        return ((x, w, low), (back, half + 0.01, low), (back, half + 0.01, high), (x, w, high))

    inside = (nose / 2, 0.0, z)
    lamp = (z - 0.05, z + 0.06)
    left = merge(
        patches(
            [across(front, 0.62, 1.0, *lamp), wrap(nose, nose - 0.2, 0.83 * half, *lamp)],
            inside,
            M.HEADLIGHT,
        ),
        patches(
            [
                across(tail, 0.62, 1.0, z - 0.02, z + 0.14),
                wrap(0.0, 0.20, 0.87 * half, z - 0.02, z + 0.12),
            ],
            inside,
            M.TAILLIGHT,
        ),
        patches([across(front, 0.62, 0.9, 0.40, 0.46)], inside, M.INDICATOR),
    )
    dark = [
        across(front, -0.42, 0.42, z - 0.08, z + 0.03),
        across(front, -0.9, 0.9, 0.30, 0.38),
        across(tail, -0.9, 0.9, 0.30, 0.40),
    ]
    deck = [across(front, -0.92, 0.92, *row) for row in shape.rows]
    plates = [across(front, -0.28, 0.28, 0.42, 0.53), across(tail, -0.28, 0.28, z - 0.10, z + 0.01)]
    parts = [patches(dark, inside, M.BLACK, 0.38), patches(plates, inside, M.PLATE, 0.42)]
    if deck:
        parts.append(patches(deck, inside, M.GLASS, 0.38))
    return merge(both_sides(left), *parts)
