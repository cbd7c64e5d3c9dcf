"""Whole scenes, drawn from far to near: `draw(seed, index)` returns a photograph and its truth."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax.lab import lab_to_rgb
from cic_jax.scenes import backdrop, layout, paint
from cic_jax.scenes.camera import Ground
from cic_jax.scenes.ground import add_road, cover_ground, water
from cic_jax.scenes.layout import Item, Layout
from cic_jax.scenes.paint import Paint
from cic_jax.scenes.render import Coat, Layer, rasterize, shadow
from cic_jax.scenes.sky import sky
from cic_jax.scenes.texture import SIDE, lookup, tile, window

Lab = Float[np.ndarray, "h w 3"]
MIN_PIXELS = 12  # of visible paint, for a vehicle to count as an object


class Object(NamedTuple):
    """A vehicle whose paint is visible."""

    kind: str
    view: str
    paint: Paint


class Scene(NamedTuple):
    """A photograph and its truth.

    `mask` is i where the paint of `objects[i - 1]` fills the pixel, else 0. The first object is the
    main vehicle.
    """

    image: UInt8[np.ndarray, "h w 3"]
    mask: UInt8[np.ndarray, "h w"]
    objects: tuple[Object, ...]
    setting: str
    weather: str


def draw(seed: int, index: int, size: int = 256) -> Scene:
    """Draw scene number `index` of the sequence that `seed` starts.

    The same arguments give the same scene, whatever was drawn before.
    """
    rng = np.random.default_rng([seed, index])
    while True:
        plan = layout.sample(size, rng)
        canvas = draw_background(plan, rng)
        drawn = add_vehicles(canvas, plan, rng)
        if np.count_nonzero(drawn == 1) >= MIN_PIXELS:
            break
    mask, objects = _visible_objects(drawn, plan.items)
    finish(canvas, drawn > 0, plan, rng)
    image = np.asarray(to_rgb(canvas))
    return Scene(image, mask, objects, plan.setting, plan.weather)


@jax.jit
def to_rgb(lab: Float[Array, "h w 3"]) -> UInt8[Array, "h w 3"]:
    """Convert a canvas to the sRGB of a photograph."""
    return jnp.round(255 * lab_to_rgb(lab)).astype(jnp.uint8)


def draw_background(plan: Layout, rng: np.random.Generator) -> Lab:
    """Draw everything but the vehicles: sky, ground and backdrop."""
    camera, light, setting = plan.camera, plan.light, layout.SETTINGS[plan.setting]
    canvas = np.zeros((camera.size, camera.size, 3), np.float32)
    above = sky(camera, light, rng)
    canvas[: len(above)] = above
    if rng.random() < setting.hills:
        backdrop.add_hills(canvas, camera, light, rng)
    ground = camera.ground()
    if len(ground.y):
        canvas[ground.first :] = _land(plan, ground, rng)
        for _, add in sorted(_backdrop(plan, rng), key=lambda pair: -pair[0]):
            add(canvas)
    return canvas


def _land(plan: Layout, ground: Ground, rng: np.random.Generator) -> Lab:
    camera, light, setting = plan.camera, plan.light, layout.SETTINGS[plan.setting]
    if not setting.surface:
        return water(ground, camera, light, rng)
    surface = setting.surface[rng.integers(len(setting.surface))]
    land = cover_ground(surface, ground, camera, light, rng)
    if plan.road is not None:
        add_road(land, plan.road, ground, camera, light, rng)
    land = backdrop.air(land, ground.y[..., None], light)
    if setting.sea:
        shore = plan.items[0].depth + rng.uniform(10, 30)
        sea = water(ground, camera, light, rng)
        land = np.where(ground.y[..., None] > shore, sea, land)
    return land.astype(np.float32)


def _backdrop(plan: Layout, rng: np.random.Generator) -> list[tuple[float, Callable[[Lab], None]]]:
    """Plan woods, houses and trees behind the main vehicle: pairs of depth and drawing function."""
    camera, light, setting = plan.camera, plan.light, layout.SETTINGS[plan.setting]
    main = plan.items[0]
    crosswise = plan.road is None or abs(plan.road.direction[1]) < 0.35
    away = rng.uniform(10, 30) if crosswise and plan.setting == "street" else rng.uniform(45, 110)
    if setting.sea or plan.setting in ("air", "airfield"):
        away = rng.uniform(200, 600)
    parts: list[tuple[float, Callable[[Lab], None]]] = []

    def put(depth: float, add: Callable[..., None], where: object) -> None:
        parts.append((depth, lambda canvas: add(canvas, camera, light, where, rng)))

    if rng.random() < setting.wood:
        put(main.depth + 1.3 * away, backdrop.add_wood, main.depth + 1.3 * away)
    if rng.random() < setting.houses:
        put(main.depth + away, backdrop.add_houses, main.depth + away)
    for _ in range(int(rng.integers(setting.trees + 1))):
        at = layout.place_tree(main, plan.road, camera, rng)
        if at is not None:
            put(float(at[1]), backdrop.add_tree, (float(at[0]), float(at[1])))
    return parts


def add_vehicles(canvas: Lab, plan: Layout, rng: np.random.Generator) -> UInt8[np.ndarray, "h w"]:
    """Draw the vehicles from far to near; return whose paint fills each pixel, from 1, else 0."""
    drawn = np.zeros(canvas.shape[:2], np.uint8)
    order = sorted(range(len(plan.items)), key=lambda i: -plan.items[i].depth)
    for i in order:
        item = plan.items[i]
        coat = Coat(item.lightness, item.paint.ab)
        layer = rasterize(item.mesh, plan.camera, plan.light, coat)
        if layer is None:
            continue
        if plan.setting != "air":
            _touch_ground(canvas, item, coat, plan, rng)
        rows, columns = layer.slices()
        canvas[rows, columns] *= 1 - layer.cover[..., None]
        canvas[rows, columns] += layer.lab
        covered = drawn[rows, columns]
        covered[layer.cover > 0.01] = 0
        covered[layer.painted > 0.999] = i + 1
    return drawn


def _touch_ground(
    canvas: Lab, item: Item, coat: Coat, plan: Layout, rng: np.random.Generator
) -> None:
    """Draw a vehicle's shadow and reflection on the ground or water.

    Args:
        canvas: Photograph in CIELAB, changed in place.
        item: The vehicle.
        coat: Its paint.
        plan: Layout of the scene.
        rng: Source of the waves in the reflection.
    """
    camera, light = plan.camera, plan.light
    afloat = item.kind == "boat"
    # Wet grass does not reflect.
    if afloat or (light.weather.rain and plan.setting != "meadow"):
        mirror = np.array([1.0, 1.0, -1.0])
        image = item.mesh._replace(
            corners=item.mesh.corners * mirror, normals=item.mesh.normals * mirror
        )
        layer = rasterize(image, camera, light, coat)
        if layer is not None:
            _reflect(canvas, layer, 0.62 if afloat else 0.22, 2.5 if afloat else 1.2, rng)
    sharp = 0.5 + camera.size / 400
    if not afloat and light.weather.direct > 0.1:
        canvas[..., 0] *= 1 - 0.5 * light.weather.direct * shadow(
            item.mesh, camera, light.sun, sharp
        )
    below = shadow(item.mesh, camera, np.array([0.0, 0.0, 1.0]), 3 * sharp)
    canvas[..., 0] *= 1 - (0.25 if afloat else 0.5) * below


def _reflect(
    canvas: Lab, layer: Layer, strength: float, sway: float, rng: np.random.Generator
) -> None:
    """Draw a mirrored vehicle on water or a wet road, broken up by small waves.

    Args:
        canvas: Photograph in CIELAB, changed in place.
        layer: The mirrored vehicle.
        strength: Share of its light that is reflected.
        sway: Pixels that waves displace it by, growing with distance from its foot.
        rng: Source of the waves.
    """
    height, width = layer.cover.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    start = rng.uniform(0, SIDE, 2)
    noise = lookup(tile(1.3, 2.0), rows * 1.6 + start[0], columns * 0.5 + start[1])
    grow = 0.3 + rows / 25
    source = np.clip(np.rint(columns + sway * noise * grow), 0, width - 1).astype(int)
    cover = np.take_along_axis(layer.cover, source, 1)[..., None]
    lab = np.take_along_axis(layer.lab, source[..., None], 1)
    patch = canvas[layer.slices()]
    patch += strength * (lab * [0.85, 0.7, 0.7] - cover * patch)


def _visible_objects(
    drawn: UInt8[np.ndarray, "h w"], items: tuple[Item, ...]
) -> tuple[UInt8[np.ndarray, "h w"], tuple[Object, ...]]:
    """Return the mask renumbered by the objects with enough visible paint, and these objects."""
    numbers, objects = np.zeros(len(items) + 1, np.uint8), []
    for i, item in enumerate(items, start=1):
        if np.count_nonzero(drawn == i) >= MIN_PIXELS:
            objects.append(Object(item.kind, item.view, item.paint))
            numbers[i] = len(objects)
    return numbers[drawn], tuple(objects)


def finish(canvas: Lab, painted: np.ndarray, plan: Layout, rng: np.random.Generator) -> None:
    """Add vignette, rain and film grain, in place; all of them change L alone."""
    size = plan.camera.size
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    canvas[..., 0] *= 1 - rng.uniform(0.02, 0.10) * (axis[:, None] ** 2 + axis**2)
    if plan.light.weather.rain:
        streaks = window(tile(0.9, 0.06), (size, size), rng)
        canvas[..., 0] += 5 * np.clip(streaks - 0.9, 0, 2)
    canvas[..., 0] += rng.uniform(0.3, 1.1) * window(tile(0.0), (size, size), rng)
    low, high = paint.LIGHTNESS
    lightness = canvas[..., 0]
    canvas[..., 0] = np.where(painted, np.clip(lightness, low, high), np.clip(lightness, 0, 100))
