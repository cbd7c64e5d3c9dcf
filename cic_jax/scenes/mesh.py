"""Solids as unordered four-cornered faces, and the operations that build all vehicles.

Body axes in metres: x forward, y to the left, z up from the ground (or the waterline).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from cic_jax.scenes.material import Material

Table = tuple[tuple[float, ...], ...]
Point = Sequence[float | int] | np.ndarray
Points = Sequence[Point] | np.ndarray


class Mesh(NamedTuple):
    """Faces with outward unit normals and materials.

    Faces are painted from far to near. `lift` brings a face forward in that order by so many
    metres, so that a window covers the door it lies on.
    """

    corners: Float[np.ndarray, "n 4 3"]
    normals: Float[np.ndarray, "n 3"]
    material: Int[np.ndarray, " n"]
    lift: Float[np.ndarray, " n"]


def faces(
    corners: Float[np.ndarray, "n 4 3"],
    inside: Float[np.ndarray, "n 3"],
    material: Int[np.ndarray, " n"] | Material,
    lift: float = 0.0,
) -> Mesh:
    """Build faces whose normals point away from `inside`, leaving out those without area."""
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    area = np.linalg.norm(normals, axis=-1)
    keep = area > 1e-7
    outward = np.einsum("nd,nd->n", corners.mean(axis=1) - inside, normals)
    normals = normals / np.where(keep, area, 1)[:, None] * np.where(outward < 0, -1, 1)[:, None]
    materials = np.broadcast_to(np.asarray(material, np.int32), area.shape)
    return Mesh(corners[keep], normals[keep], materials[keep], np.full(keep.sum(), float(lift)))


def loft(
    rings: Float[np.ndarray, "s k 3"],
    material: Int[np.ndarray, "r k"] | Material,
    caps: tuple[Material, Material] | None = None,
    lift: float = 0.0,
) -> Mesh:
    """Build the skin through s closed rings, r = s - 1 strips; `caps` close first and last ring."""
    here, there = rings[:-1], rings[1:]
    strips = np.stack([here, np.roll(here, -1, 1), np.roll(there, -1, 1), there], axis=2)
    inside = np.broadcast_to((here + there).mean(axis=1, keepdims=True) / 2, here.shape)
    grid = np.broadcast_to(np.asarray(material, np.int32), here.shape[:2])
    skin = faces(strips.reshape(-1, 4, 3), inside.reshape(-1, 3), grid.ravel(), lift)
    if caps is None:
        return skin
    middle = rings.mean(axis=(0, 1))
    return merge(skin, fan(rings[0], middle, caps[0], lift), fan(rings[-1], middle, caps[1], lift))


def fan(
    ring: Float[np.ndarray, "k 3"], inside: Point, material: Material, lift: float = 0.0
) -> Mesh:
    """Build a flat convex face bounded by a ring of points, facing away from `inside`."""
    first, last = np.arange(1, len(ring) - 1, 2), len(ring) - 1
    corners = np.stack(
        [ring[0 * first], ring[first], ring[first + 1], ring[np.minimum(first + 2, last)]], axis=1
    )
    return faces(
        corners, np.broadcast_to(np.asarray(inside, float), (len(first), 3)), material, lift
    )


def patches(
    corners: Sequence[Points], inside: Point, material: Material, lift: float = 0.4
) -> Mesh:
    """Build four-cornered pieces that lie on a body: windows, lamps, seams."""
    array = np.asarray(corners, float)
    return faces(array, np.broadcast_to(np.asarray(inside, float), (len(array), 3)), material, lift)


def tube(path: Points, radii: Point, material: Material, sides: int = 8, lift: float = 0.0) -> Mesh:
    """Build a round body along a path.

    Args:
        path: Points of the middle line.
        radii: Radius at each point.
        material: What it is made of.
        sides: Number of faces around it.
        lift: Metres by which it comes forward in the painting order.
    """
    points = np.asarray(path, float)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    flat = np.where(np.abs(along[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]])
    first = np.cross(along, flat)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    angle = 2 * np.pi * np.arange(sides) / sides
    circle = np.cos(angle)[:, None] * first[:, None] + np.sin(angle)[:, None] * second[:, None]
    rings = points[:, None] + circle * np.asarray(radii, float)[:, None, None]
    return loft(rings, material, (material, material), lift)


def disc(center: Point, radius: float, material: Material, lift: float, sides: int = 18) -> Mesh:
    """Build a round face in the x-z plane that looks to the left (+y).

    Args:
        center: Its middle.
        radius: Its radius.
        material: What it is made of.
        lift: Metres by which it comes forward in the painting order.
        sides: Number of corners.
    """
    angle = 2 * np.pi * np.arange(sides) / sides
    ring = radius * np.stack([np.cos(angle), np.zeros(sides), np.sin(angle)], axis=1)
    middle = np.asarray(center, float)
    return fan(middle + ring, middle - [0, 1, 0], material, lift)


def box(low: Point, high: Point, material: Material, taper: float = 1.0) -> Mesh:
    """Build a block between two opposite corners, its top scaled by `taper`."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    foot = np.array([[x0, y0, z0], [x1, y0, z0], [x1, y1, z0], [x0, y1, z0]], float)
    middle = foot.mean(axis=0)
    top = middle + (foot - middle) * taper + [0, 0, z1 - z0]
    return loft(np.stack([foot, top]), material, (material, material))


def merge(*meshes: Mesh) -> Mesh:
    """Join several meshes into one."""
    return Mesh(*(np.concatenate(parts) for parts in zip(*meshes, strict=True)))


def both_sides(mesh: Mesh) -> Mesh:
    """Join a mesh and its reflection in the plane y = 0."""
    mirror = np.array([1.0, -1.0, 1.0])
    return merge(mesh, mesh._replace(corners=mesh.corners * mirror, normals=mesh.normals * mirror))


def repaint(mesh: Mesh, change: dict[Material, Material]) -> Mesh:
    """Return the mesh with materials replaced as `change` maps them."""
    table = np.arange(len(Material))
    for old, new in change.items():
        table[old] = new
    return mesh._replace(material=table[mesh.material])


def place(
    mesh: Mesh,
    position: Point,
    yaw: float,
    pitch: float = 0.0,
    roll: float = 0.0,
    scale: float = 1.0,
) -> Mesh:
    """Scale, roll, pitch, turn and move a mesh, in this order.

    Args:
        mesh: The mesh in body coordinates.
        position: Where its origin comes to stand.
        yaw: Turn about the vertical, in radians.
        pitch: Nose up, in radians.
        roll: Turn about the long axis, in radians.
        scale: Factor of size.
    """
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    nose = np.array([[cp, 0, -sp], [0, 1, 0], [sp, 0, cp]])
    bank = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    rotation = (turn @ nose @ bank).T
    corners = scale * mesh.corners @ rotation + np.asarray(position)
    return mesh._replace(corners=corners, normals=mesh.normals @ rotation, lift=scale * mesh.lift)
