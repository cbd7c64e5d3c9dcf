"""Motorcycles, with or without a rider."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cic_jax.scenes.material import Material as M
from cic_jax.scenes.mesh import Mesh, Point, both_sides, box, disc, merge, tube


class Frame(NamedTuple):
    """A motorcycle in metres; x = 0 lies between the wheels."""

    axles: tuple[float, float]
    radius: float
    bars: tuple[float, float, float]  # x, y and z of a grip
    tank: tuple[float, float, float]  # rear x, front x, height
    seat: tuple[float, float, float]  # rear x, front x, height
    fairing: bool
    lean: float  # how far forward the rider's shoulders are


FRAMES = {
    "roadster": Frame(
        (-0.70, 0.70),
        0.31,
        (0.36, 0.36, 1.04),
        (-0.12, 0.36, 0.86),
        (-0.66, -0.10, 0.78),
        False,
        0.2,
    ),
    "cruiser": Frame(
        (-0.78, 0.86),
        0.33,
        (0.22, 0.42, 1.08),
        (-0.10, 0.42, 0.80),
        (-0.70, -0.12, 0.66),
        False,
        0.0,
    ),
    "sports": Frame(
        (-0.68, 0.70),
        0.30,
        (0.40, 0.32, 0.92),
        (-0.14, 0.34, 0.90),
        (-0.74, -0.12, 0.84),
        True,
        0.4,
    ),
}
STYLES = tuple(f"{name}{rider}" for name in FRAMES for rider in ("", ", ridden"))


@lru_cache
def build(style: str) -> Mesh:
    """Build the mesh of one of `STYLES`."""
    name, _, rider = style.partition(", ")
    frame = FRAMES[name]
    parts = [_wheels(frame), _chassis(frame), _front(frame), _bodywork(frame)]
    if frame.fairing:
        parts.append(_fairing(frame))
    if rider:
        parts.append(_rider(frame))
    return merge(*parts)


def _wheels(frame: Frame) -> Mesh:
    parts = []
    for x, width in zip(frame.axles, (0.18, 0.12), strict=True):
        r, half = frame.radius, width / 2
        tire = tube(
            [(x, y, r) for y in (-half, -0.6 * half, 0.6 * half, half)],
            [0.88 * r, r, r, 0.88 * r],
            M.RUBBER,
            sides=22,
        )
        rim = disc((x, half + 0.004, r), 0.70 * r, M.METAL, 0.03)
        hole = disc((x, half + 0.006, r), 0.62 * r, M.SEAM, 0.05)
        angles = 2 * np.pi * np.arange(3) / 6
        spokes = [
            tube(
                [(x + s * 0.6 * r * np.cos(a), half + 0.01, r + s * 0.6 * r * np.sin(a)) for s in (-1, 1)],  # noqa: E501
                [0.02, 0.02], M.METAL, sides=4, lift=0.06)
            for a in angles
        ]  # fmt: skip
        brake = disc((x, half + 0.03, r), 0.36 * r, M.CHROME, 0.08)
        parts += [tire, both_sides(merge(rim, hole, brake, *spokes))]
    return merge(*parts)


def _chassis(frame: Frame) -> Mesh:
    rear = frame.axles[0]
    r, (tank_x, tank_front, tank_z) = frame.radius, frame.tank
    engine = box((tank_x - 0.05, -0.17, 0.26), (tank_front - 0.02, 0.17, 0.56), M.METAL, 0.9)
    crank = both_sides(disc((tank_x + 0.08, 0.18, 0.36), 0.12, M.CHROME, 0.1))
    cylinders = [
        tube([(x, 0, 0.5), (x + 0.06, 0, tank_z - 0.14)], [0.13, 0.13], M.METAL, 8, 0.02)
        for x in (tank_x + 0.06, tank_front - 0.14)
    ]
    frame_tube = [(rear, 0.1, r), (tank_x - 0.14, 0.12, 0.48), (tank_x - 0.02, 0.1, tank_z - 0.14)]
    exhaust = tube(
        [(tank_front + 0.02, 0.16, 0.52), (tank_front, 0.19, 0.26), (tank_x, 0.2, 0.24),
         (rear + 0.12, 0.22, 0.34), (rear - 0.24, 0.22, 0.42)],
        [0.03, 0.035, 0.04, 0.06, 0.065], M.CHROME, lift=0.15)  # fmt: skip
    return merge(
        engine,
        crank,
        *cylinders,
        both_sides(tube(frame_tube, [0.035, 0.035, 0.03], M.BLACK, 5)),
        exhaust,
    )


def _front(frame: Frame) -> Mesh:
    axle, r = frame.axles[1], frame.radius
    x, y, z = frame.bars
    fork = tube([(axle, 0.11, r), (x + 0.04, 0.11, z - 0.06)], [0.032, 0.03], M.CHROME, 6, 0.1)
    grips = tube(
        [(x + 0.05, 0.0, z - 0.05), (x, y - 0.14, z), (x - 0.06, y, z)],
        [0.02, 0.02, 0.025],
        M.BLACK,
        5,
        0.1,
    )
    mirror = tube([(x, y - 0.06, z), (x + 0.02, y, z + 0.16)], [0.012, 0.05], M.BLACK, 5, 0.1)
    lamp_x = x + 0.20
    bowl = tube(
        [(lamp_x - 0.12, 0, z - 0.16), (lamp_x, 0, z - 0.16)], [0.05, 0.10], M.BLACK, 10, 0.1
    )
    glass = tube(
        [(lamp_x, 0, z - 0.16), (lamp_x + 0.03, 0, z - 0.16)], [0.09, 0.06], M.HEADLIGHT, 10, 0.2
    )
    return merge(both_sides(merge(fork, grips, mirror)), bowl, glass)


def _bodywork(frame: Frame) -> Mesh:
    rear_x, front_x, z = frame.tank
    seat_rear, seat_front, seat_z = frame.seat
    length = front_x - rear_x
    tank = tube(
        [(rear_x + length * t, 0, z - 0.10 + 0.03 * t) for t in (0, 0.2, 0.6, 0.9, 1)],
        [0.06, 0.13, 0.17, 0.14, 0.06], M.PAINT, 10, 0.25)  # fmt: skip
    seat = box((seat_rear, -0.12, seat_z - 0.10), (seat_front + 0.06, 0.12, seat_z), M.BLACK, 0.9)
    seat = seat._replace(lift=seat.lift + 0.2)
    tail = tube(
        [(seat_front, 0, seat_z - 0.13), (seat_rear + 0.15, 0, seat_z - 0.10), (seat_rear - 0.12, 0, seat_z - 0.02)],  # noqa: E501
        [0.11, 0.12, 0.05], M.PAINT, 8, 0.15)  # fmt: skip
    lamp_x = seat_rear - 0.12
    lamp = box((lamp_x - 0.04, -0.07, seat_z - 0.08), (lamp_x + 0.02, 0.07, seat_z), M.TAILLIGHT)
    return merge(tank, seat, tail, lamp, *(_mudguard(frame, i) for i in (0, 1)))


def _mudguard(frame: Frame, which: int) -> Mesh:
    x, r = frame.axles[which], 1.10 * frame.radius
    angles = np.linspace(0.35, 2.3, 6) if which else np.linspace(0.9, 2.7, 6)
    path = [(x + r * np.cos(a), 0, frame.radius + r * np.sin(a)) for a in angles]
    return tube(path, [0.03, 0.07, 0.08, 0.08, 0.07, 0.03], M.PAINT, 6, 0.15)


def _fairing(frame: Frame) -> Mesh:
    x, _, z = frame.bars
    nose = tube(
        [(x - 0.02, 0, z - 0.04), (x + 0.18, 0, z - 0.08), (x + 0.36, 0, z - 0.16)],
        [0.20, 0.19, 0.07], M.PAINT, 10, 0.3)  # fmt: skip
    belly = tube(
        [(frame.tank[0] - 0.1, 0.10, 0.34), (0.1, 0.13, 0.40), (x + 0.1, 0.12, 0.56), (x + 0.24, 0.06, z - 0.2)],  # noqa: E501
        [0.06, 0.13, 0.16, 0.10], M.PAINT, 8, 0.25)  # fmt: skip
    screen = tube(
        [(x - 0.02, 0, z + 0.10), (x + 0.16, 0, z + 0.04)], [0.13, 0.14], M.GLASS, 8, 0.25
    )
    lamps = box((x + 0.3, -0.1, z - 0.2), (x + 0.38, 0.1, z - 0.14), M.HEADLIGHT)
    lamps = lamps._replace(lift=lamps.lift + 0.5)
    return merge(nose, both_sides(belly), screen, lamps)


def _rider(frame: Frame) -> Mesh:
    seat_x, seat_z = frame.seat[1] - 0.14, frame.seat[2]
    x, y, z = frame.bars
    shoulder = (seat_x + 0.08 + frame.lean, 0, seat_z + 0.56 - 0.35 * frame.lean)
    torso = tube(
        [(seat_x, 0, seat_z), (seat_x + 0.04 + 0.4 * frame.lean, 0, seat_z + 0.3), shoulder],
        [0.17, 0.19, 0.15],
        M.CLOTH,
        9,
        0.1,
    )
    elbow = ((shoulder[0] + x) / 2 - 0.04, y + 0.06, (shoulder[2] + z) / 2 - 0.10)
    arm = tube(
        [(shoulder[0], 0.17, shoulder[2] - 0.03), elbow, (x - 0.02, y - 0.04, z)],
        [0.08, 0.06, 0.05],
        M.CLOTH,
        7,
        0.3,
    )
    knee = (frame.tank[0] + 0.30, 0.24, seat_z - 0.08)
    leg = tube(
        [(seat_x, 0.12, seat_z), knee, (seat_x + 0.16, 0.24, 0.34)],
        [0.11, 0.09, 0.06],
        M.CLOTH,
        7,
        0.35,
    )
    boot = tube(
        [(seat_x + 0.12, 0.24, 0.30), (seat_x + 0.34, 0.24, 0.28)], [0.06, 0.04], M.BLACK, 6, 0.35
    )
    head = (shoulder[0] + 0.06, 0, shoulder[2] + 0.22)
    helmet = _ball(head, 0.145, M.WHITE, 0.2)
    visor = _ball((head[0] + 0.05, 0, head[2] + 0.01), 0.115, M.GLASS, 0.24)
    return merge(torso, both_sides(merge(arm, leg, boot)), helmet, visor)


def _ball(center: Point, radius: float, material: M, lift: float) -> Mesh:
    x, y, z = center
    steps = np.linspace(-0.98, 0.98, 7)
    path = [(x, y, z + radius * float(s)) for s in steps]
    return tube(path, list(radius * np.sqrt(1 - steps**2)), material, 10, lift)
