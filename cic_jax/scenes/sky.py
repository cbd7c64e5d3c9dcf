"""Sky: a gradient from zenith to horizon, clouds, and the sun's glow."""

import numpy as np
from jaxtyping import Float

from cic_jax.scenes.camera import Camera
from cic_jax.scenes.light import Light
from cic_jax.scenes.texture import SIDE, lookup, smoothstep, tile


def sky(camera: Camera, light: Light, rng: np.random.Generator) -> Float[np.ndarray, "h w 3"]:
    """Draw the rows above the horizon, at least one and at most all, in CIELAB."""
    size = camera.size
    rows = np.arange(int(np.clip(np.ceil(camera.horizon), 1, size)), dtype=np.float32)[:, None]
    above = np.maximum(camera.horizon - rows, 0) / size
    height = np.clip(above / 0.6, 0, 1) ** 0.7
    zenith, horizon = (np.array(c, np.float32) for c in light.weather[:2])
    lab = horizon + (zenith - horizon) * height[..., None]
    lab = np.broadcast_to(lab, (len(rows), size, 3)).copy()
    _add_glow(lab, camera, light)
    _add_clouds(lab, above, light, rng)
    return lab


def _add_glow(lab: Float[np.ndarray, "h w 3"], camera: Camera, light: Light) -> None:
    """Brighten and warm the sky around the sun if it is in front of the camera."""
    x, y, z = light.sun.tolist()
    if y < 0.2:
        return
    column = camera.size / 2 + camera.focal * x / y
    row = camera.horizon - camera.focal * z / y
    rows, columns = np.ogrid[: lab.shape[0], : camera.size]
    far = np.hypot(rows - row, 0.6 * (columns - column)) / camera.size
    halo = np.exp(-far / 0.16)
    lab += halo[..., None] * np.array([24, 4, 14], np.float32)
    core = smoothstep(0.040, 0.022, np.hypot(rows - row, columns - column) / camera.size)
    lab += core[..., None] * (np.array([97, 2, 30], np.float32) - lab)


def _add_clouds(
    lab: Float[np.ndarray, "h w 3"],
    above: Float[np.ndarray, "h 1"],
    light: Light,
    rng: np.random.Generator,
) -> None:
    """Draw clouds on a flat ceiling, so that they crowd together towards the horizon."""
    size = lab.shape[1]
    ceiling = 1 / (above + 0.12)
    columns = (np.arange(size, dtype=np.float32)[None] / size - 0.5) * ceiling
    across, along = rng.uniform(0, SIDE, 2).tolist()
    scale = rng.uniform(45, 80)
    noise = tile(1.75)
    at = (along + 0.8 * scale * ceiling, across + scale * columns)
    density = lookup(noise, *at) + 0.22 * lookup(tile(1.2), at[0] * 3, at[1] * 3)
    cover = smoothstep(0.0, 0.9, density - (1.7 - 3.4 * light.cover))
    towards = 5.0 if light.sun[0] > 0 else -5.0
    lit = np.clip(density - lookup(noise, at[0] - 3, at[1] + towards), -0.6, 0.6)
    cloud = np.array(light.weather.cloud, np.float32)
    shades = np.broadcast_to(cloud, lab.shape).copy()
    shades[..., 0] += 9 * lit - 9 * np.clip(density - 0.6, 0, 1.5) * light.cover
    lab += (0.92 * cover)[..., None] * (shades - lab)
