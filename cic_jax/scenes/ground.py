"""Ground plane, z = 0: grass, sand, asphalt, paving or water, and a road across it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from cic_jax.scenes.camera import Camera, Ground
from cic_jax.scenes.light import Light
from cic_jax.scenes.texture import SIDE, lookup, smoothstep, tile

Lab = Float[np.ndarray, "h w 3"]


class Surface(NamedTuple):
    """A kind of ground: mean colours, of which one is drawn, with grain and patches.

    `grain` and `patches` are (amplitude in L, size of the noise tile in metres, roughness).
    """

    colors: tuple[tuple[float, float, float], ...]
    grain: tuple[float, float, float]
    patches: tuple[float, float, float]
    hue: float  # change of b per unit of the patches' L


SURFACES = {
    "grass": Surface(
        ((46, -15, 27), (50, -12, 29), (40, -14, 22), (58, -1, 27)), (8, 5, 0.5), (4, 60, 1.3), 2.0
    ),
    "sand": Surface(((76, 3, 17), (70, 4, 14), (80, 1, 11)), (2.5, 5, 0.6), (3, 25, 1.5), 0.5),
    "asphalt": Surface(((42, 0, 0), (48, 0, 1), (37, 0, -1)), (3.5, 4, 0.15), (2.5, 30, 1.6), 0.0),
    "paving": Surface(((62, 1, 4), (66, 0, 2), (58, 2, 7)), (2.5, 4, 0.2), (2.5, 18, 1.5), 0.3),
    "concrete": Surface(((64, 0, 3), (58, 0, 2)), (2.0, 6, 0.3), (3.0, 40, 1.5), 0.3),
}


class Road(NamedTuple):
    """A straight road: a point on its middle line, a unit direction, and its width in metres."""

    point: tuple[float, float]
    direction: tuple[float, float]
    width: float
    surface: str = "asphalt"
    curb: float = 0.0  # width of the pavement on each side; 0 for none
    center: tuple[float, float] = (3.0, 9.0)  # length and period of the dashes
    line: float = 0.12


def cover_ground(
    name: str, ground: Ground, camera: Camera, light: Light, rng: np.random.Generator
) -> Lab:
    """Draw a surface in perspective; its grain fades where a pixel covers many grains.

    Args:
        name: One of `SURFACES`.
        ground: Ground points of the pixels.
        camera: View, for the size of a pixel on the ground.
        light: Light and weather.
        rng: Source of colour and texture.

    Returns:
        CIELAB of the pixels of `ground`.
    """
    surface = SURFACES[name]
    color = np.array(surface.colors[rng.integers(len(surface.colors))], np.float32)
    offset = rng.uniform(0, SIDE, 4).tolist()
    grain = _noise(surface.grain, ground, camera, offset[:2])
    patch = _noise(surface.patches, ground, camera, offset[2:])
    lab = np.broadcast_to(color, (*grain.shape, 3)).copy()
    lab[..., 0] += grain + patch
    lab[..., 1] -= 0.4 * surface.hue * patch
    lab[..., 2] += surface.hue * patch * 0.6
    return _lit(lab, light)


def _noise(
    layer: tuple[float | int, ...],
    ground: Ground,
    camera: Camera,
    offset: list[float],
) -> Float[np.ndarray, "h w"]:
    amplitude, metres, roughness = layer
    texels = SIDE / metres
    noise = lookup(tile(roughness), ground.y * texels + offset[0], ground.x * texels + offset[1])
    footprint = ground.y / camera.focal * texels
    # A mean of n independent grains has 1 / sqrt(n) of their deviation; a quarter always stays.
    return amplitude * noise * np.maximum(1 / np.sqrt(1 + footprint), 0.25)


def _lit(lab: Lab, light: Light) -> Lab:
    lab[..., 0] *= light.weather.ground
    lab[..., 2] += light.weather.warmth
    return lab


def add_road(
    lab: Lab, road: Road, ground: Ground, camera: Camera, light: Light, rng: np.random.Generator
) -> None:
    """Draw a road with its markings and pavements over the ground.

    Args:
        lab: CIELAB of the ground, changed in place.
        road: The road.
        ground: Ground points of the pixels.
        camera: View, for the size of a pixel on the ground.
        light: Light and weather.
        rng: Source of the surfaces' textures.
    """
    (dx, dy), (px, py) = road.direction, road.point
    along = (ground.x - px) * dx + (ground.y - py) * dy
    across = (ground.y - py) * dx - (ground.x - px) * dy
    pixel = ground.y / camera.focal
    blur = np.hypot(dy * pixel, dx * pixel * ground.y / camera.height) + 1e-3

    def strip(middle: float | int, width: float) -> Float[np.ndarray, "h w"]:
        return np.clip((width / 2 - np.abs(across - middle)) / blur + 0.5, 0, 1) * np.minimum(
            1, width / blur
        )

    if road.curb:
        paving = cover_ground("paving", ground, camera, light, rng)
        joints = np.minimum(np.abs((along % 0.9) - 0.45), np.abs((across % 0.9) - 0.45))
        paving[..., 0] -= 7 * np.clip(1 - joints / 0.02, 0, 1) * np.clip(0.1 / blur, 0, 1)
        _blend(lab, paving, strip(0, road.width + 2 * road.curb))
        _blend(lab, _plain(light, 70, 2), strip(0, road.width + 0.3))
    _blend(lab, cover_ground(road.surface, ground, camera, light, rng), strip(0, road.width))
    if light.weather.rain:
        lab[..., 0] -= 6 * strip(0, road.width)
    for side in (-1, 1):
        wear = strip(side * road.width / 4, 1.9)
        lab[..., 0] -= 2.0 * wear
        _blend(lab, _plain(light, 84, 1), 0.85 * strip(side * (road.width / 2 - 0.25), road.line))
    length, period = road.center
    dash = smoothstep(0.0, 0.2, length / 2 - np.abs((along % period) - period / 2))
    _blend(lab, _plain(light, 86, 1), 0.9 * strip(0, road.line * 1.15) * dash)


def _plain(light: Light, lightness: float | int, b: float | int) -> Float[np.ndarray, "1 1 3"]:
    lightness = lightness * light.weather.ground
    return np.array([[[lightness, 0, b + light.weather.warmth]]], np.float32)


def _blend(lab: Lab, over: Float[np.ndarray, "..."], cover: Float[np.ndarray, "h w"]) -> None:
    lab += cover[..., None] * (over - lab)


WATERS = ((42, -5, -15), (38, -9, -9), (48, -10, -14), (40, -3, -7))


def water(
    ground: Ground, camera: Camera, light: Light, rng: np.random.Generator
) -> Float[np.ndarray, "h w 3"]:
    """Draw the sea: deep colour nearby, the horizon's reflection far out, waves across."""
    weather = light.weather
    deep = np.array(WATERS[rng.integers(len(WATERS))], np.float32)
    deep[0] *= weather.ground
    deep[2] += 0.5 * weather.warmth
    sky = np.array(weather.horizon, np.float32) * 0.88
    grazing = camera.height / np.hypot(camera.height, ground.y)
    mirror = np.clip(1 - grazing, 0, 1) ** 6  # Schlick's approximation, softened by the waves
    metres = camera.height * rng.uniform(7, 12)
    shift = rng.uniform(0, SIDE, 4).tolist()
    texels = SIDE / metres
    swell = lookup(tile(1.0, 2.0), ground.y * texels + shift[0], ground.x * texels * 0.6 + shift[1])
    ripple = lookup(
        tile(0.7, 2.0), ground.y * texels * 3 + shift[2], ground.x * texels * 2 + shift[3]
    )
    fade = 1 / (1 + (ground.y / (22 * metres)) ** 0.7)
    waves = (0.6 * swell + 0.4 * ripple) * fade
    lab = deep + (0.85 * mirror + 0.15 * waves)[..., None] * (sky - deep)
    crest = smoothstep(1.7, 2.6, swell * 0.7 + ripple * 0.7) * fade
    _blend(lab, np.array([min(92, weather.horizon[0]), 0, 0], np.float32), 0.7 * crest)
    _add_glitter(lab, ripple, ground, light)
    return lab


def _add_glitter(lab: Lab, ripple: Float[np.ndarray, "h w"], ground: Ground, light: Light) -> None:
    """Draw the sun's path on the water if the sun is in front of the camera."""
    x, y, _ = light.sun.tolist()
    if y < 0.2:
        return
    off = np.abs(ground.x / ground.y - x / y)
    path = np.exp(-((off / 0.07) ** 2)) * smoothstep(0.2, 1.2, ripple + 0.4)
    glow = np.array([90, 8, 38], np.float32)
    _blend(lab, glow, 0.8 * path * light.weather.direct**0.5)
