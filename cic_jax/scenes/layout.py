"""Plan of a scene: setting, weather, view, camera, and the position of every vehicle."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from cic_jax.scenes import fleet, framing, light, paint
from cic_jax.scenes.camera import Camera
from cic_jax.scenes.ground import Road
from cic_jax.scenes.light import Light
from cic_jax.scenes.mesh import Mesh, place
from cic_jax.scenes.paint import Paint

# Range of the heading in degrees; at 0 the nose points right, below 0 towards the camera.
VIEWS = {
    "side": (-12, 12),
    "front three-quarter": (-65, -22),
    "rear three-quarter": (22, 65),
    "front": (-98, -82),
    "rear": (82, 98),
}
VIEW_SHARES = (0.30, 0.28, 0.20, 0.12, 0.10)
WEATHER_SHARES = (0.26, 0.22, 0.10, 0.14, 0.10, 0.10, 0.08)


class Setting(NamedTuple):
    """A kind of place: its vehicles, its ground, and the probability of each kind of backdrop.

    `trees` is the largest number of single trees.
    """

    kinds: tuple[str, ...]
    surface: tuple[str, ...]
    road: str | None = None
    hills: float = 0.0
    wood: float = 0.0
    trees: int = 0
    houses: float = 0.0
    sea: bool = False  # beyond the ground, or everywhere if `surface` is empty


SETTINGS = {
    "street": Setting(("car", "bus", "motorcycle"), ("paving",), "street", 0.1, 0.2, 3, 0.9),
    "country": Setting(("car", "bus", "motorcycle"), ("grass",), "road", 0.7, 0.6, 4),
    "coast": Setting(("car", "bus", "motorcycle"), ("sand", "grass"), "road", 0.3, sea=True),
    "yard": Setting(("car", "bus", "motorcycle"), ("asphalt", "concrete"), None, 0.2, 0.4, 2, 0.5),
    "meadow": Setting(("car", "motorcycle"), ("grass",), None, 0.7, 0.7, 4),
    "airfield": Setting(("aeroplane",), ("grass", "concrete"), "runway", 0.5, 0.7),
    "air": Setting(("aeroplane",), ("grass",), None, 0.6, 0.3),
    "sea": Setting(("boat",), (), sea=True, hills=0.25),
    "harbour": Setting(("boat",), (), sea=True, hills=0.5, wood=0.4, houses=0.5),
}


class Item(NamedTuple):
    """A vehicle in its place; `depth` is the distance in metres from the camera to its middle."""

    kind: str
    view: str
    mesh: Mesh
    paint: Paint
    lightness: float
    depth: float


class Layout(NamedTuple):
    """Everything decided before drawing; the first item is the main vehicle."""

    setting: str
    weather: str
    light: Light
    camera: Camera
    road: Road | None
    items: tuple[Item, ...]


def sample(size: int, rng: np.random.Generator) -> Layout:
    """Draw a random layout for a square photograph of `size` pixels a side."""
    kind = paint.KINDS[rng.integers(len(paint.KINDS))]
    names = [name for name, setting in SETTINGS.items() if kind in setting.kinds]
    setting = names[rng.integers(len(names))]
    weather = list(light.WEATHERS)[rng.choice(len(WEATHER_SHARES), p=WEATHER_SHARES)]
    lit = light.sample(weather, rng)
    view = list(VIEWS)[rng.choice(len(VIEWS), p=VIEW_SHARES)]
    yaw = np.radians(rng.uniform(*VIEWS[view]))
    if rng.random() < 0.5:
        yaw = np.pi - yaw
    shape = fleet.build(kind, setting == "air", rng)
    if setting == "air":
        camera, mesh, depth = framing.in_the_air(shape, yaw, size, rng)
    else:
        camera, mesh, depth = framing.on_the_ground(shape, yaw, size, rng)
    main = _item(kind, view, mesh, depth, rng)
    road = _road(SETTINGS[setting], mesh, yaw, rng)
    others = _others(setting, main, yaw, road, camera, rng)
    return Layout(setting, weather, lit, camera, road, (main, *others))


def _item(kind: str, view: str, mesh: Mesh, depth: float, rng: np.random.Generator) -> Item:
    """Give a placed mesh a random paint.

    Args:
        kind: One of `paint.KINDS`.
        view: One of `VIEWS`.
        mesh: The vehicle in world coordinates.
        depth: Distance in metres from the camera to its middle.
        rng: Source of paint and lightness.
    """
    lightness = paint.sample_lightness(rng)
    return Item(kind, view, mesh, paint.sample(kind, rng), lightness, depth)


def _road(setting: Setting, mesh: Mesh, yaw: float, rng: np.random.Generator) -> Road | None:
    """Return the road under the main vehicle, which drives on the right (an aeroplane midway)."""
    if setting.road is None:
        return None
    direction = (float(np.cos(yaw)), float(np.sin(yaw)))
    x, y, _ = mesh.corners.mean(axis=(0, 1)).tolist()
    if setting.road == "runway":
        return Road((x, y), direction, 34.0, "asphalt", 0.0, (16.0, 32.0), 0.7)
    lane = rng.uniform(1.6, 1.9)
    middle = (x - lane * direction[1], y + lane * direction[0])
    curb = 2.6 if setting.road == "street" else 0.0
    return Road(middle, direction, 7.2, curb=curb)


def _others(
    setting: str,
    main: Item,
    yaw: float,
    road: Road | None,
    camera: Camera,
    rng: np.random.Generator,
) -> list[Item]:
    """Return up to two more vehicles behind the main one, in a lane or, without a road, anywhere.

    Args:
        setting: One of `SETTINGS`.
        main: The main vehicle.
        yaw: Its heading in radians.
        road: The road under it, if any.
        camera: View that the vehicles must be in.
        rng: Source of their number, kinds and places.
    """
    count = int(rng.choice(3, p=[0.45, 0.33, 0.22]))
    kinds = SETTINGS[setting].kinds
    items: list[Item] = []
    if setting == "air":
        return items
    for _ in range(count):
        kind = kinds[rng.integers(len(kinds))]
        spot = _spot(main, yaw, road, camera, rng)
        if spot is None:
            continue
        (x, y), heading = spot
        mesh = place(fleet.build(kind, False, rng), (x, y, 0), heading)
        items.append(_item(kind, view_of(heading), mesh, y, rng))
    return items


def _spot(
    main: Item, yaw: float, road: Road | None, camera: Camera, rng: np.random.Generator
) -> tuple[tuple[float, float], float] | None:
    """Find a place and heading in view and clear of the main vehicle; None after twelve misses.

    Args:
        main: The main vehicle.
        yaw: Its heading in radians.
        road: The road under it, if any.
        camera: View that the place must be in.
        rng: Source of the candidates.

    Returns:
        ((x, y) in metres, heading in radians), or None.
    """
    size = main.mesh.corners
    length = float(max(np.ptp(size[..., 0]), np.ptp(size[..., 1])))
    for _ in range(12):
        if road is None or road.width > 10:
            y = main.depth + length * rng.uniform(1.2, 4.0)
            x = rng.uniform(-0.45, 0.45) * camera.size * y / camera.focal
            heading = rng.uniform(0, 2 * np.pi)
        else:
            lane = rng.choice([-1.75, 1.75, 4.7])
            heading = yaw if lane < 0 else yaw + np.pi
            along = rng.uniform(-45, 45)
            dx, dy = road.direction
            x = road.point[0] + along * dx - lane * dy
            y = road.point[1] + along * dy + lane * dx
        column = 0.5 + camera.focal * x / max(y, 1) / camera.size
        away = np.hypot(x - size[..., 0].mean(), y - main.depth)
        behind = y > main.depth + 0.25 * length * abs(np.sin(yaw)) + 1.5
        if behind and away > 0.7 * length and -0.05 < column < 1.05:
            return (float(x), float(y)), float(heading)
    return None


def view_of(yaw: float) -> str:
    """Name the view of a vehicle from its heading in radians, whether it points left or right."""
    turn = np.degrees(np.arcsin(np.sin(yaw)))  # mirrored headings look alike
    if abs(turn) < 17:
        return "side"
    end = "front" if turn < 0 else "rear"
    return end if abs(turn) > 73 else f"{end} three-quarter"


def clear_of_road(road: Road | None, x: float, y: float) -> bool:
    """Tell whether a point lies clear of the road and its pavements."""
    if road is None:
        return True
    (dx, dy), (px, py) = road.direction, road.point
    return abs((y - py) * dx - (x - px) * dy) > road.width / 2 + road.curb + 1.0


def place_tree(
    main: Item, road: Road | None, camera: Camera, rng: np.random.Generator
) -> Float[np.ndarray, "2"] | None:
    """Find a point behind the main vehicle and clear of the road; None after eight misses."""
    for _ in range(8):
        y = main.depth + rng.uniform(6, 60)
        x = rng.uniform(-0.6, 0.6) * camera.size * y / camera.focal
        if clear_of_road(road, x, y):
            return np.array([x, y])
    return None
