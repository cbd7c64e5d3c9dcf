"""Where the main vehicle stands, and the camera that frames it."""

import numpy as np

from cic_jax.scenes.camera import Camera
from cic_jax.scenes.mesh import Mesh, place


def on_the_ground(
    shape: Mesh, yaw: float, size: int, rng: np.random.Generator
) -> tuple[Camera, Mesh, float]:
    """Place a vehicle on the ground and a camera that frames it, at about eye height."""
    turned = place(shape, (0, 0, 0), yaw)
    width, deep, height = np.ptp(turned.corners, axis=(0, 1)).tolist()
    focal = size * rng.uniform(1.1, 2.3)
    fill, tall = rng.uniform(0.55, 0.92), rng.uniform(0.42, 0.66)
    depth = max(focal * width / (fill * size), focal * height / (tall * size)) + deep / 2
    eye = float(np.clip(height * rng.uniform(0.35, 1.1), 0.9, 16))
    # The wheels' row sets the horizon, unless the vehicle would leave the photograph below.
    horizon = size * rng.uniform(0.72, 0.88) - focal * eye / depth
    horizon = np.clip(horizon, 0.22 * size, 0.62 * size)
    lowest = 0.95 * size - focal * eye / (depth - deep / 2)
    camera = Camera(size, focal, eye, float(min(horizon, lowest)))
    spare = max(0.0, 0.5 - 0.5 * focal * width / depth / size)
    aside = rng.uniform(-0.8, 0.8) * spare * size * depth / focal
    return camera, place(shape, (aside, depth, 0), yaw), depth


def in_the_air(
    shape: Mesh, yaw: float, size: int, rng: np.random.Generator
) -> tuple[Camera, Mesh, float]:
    """Place an aeroplane in flight and a camera on the ground that frames it."""
    pitch, roll = np.radians(rng.uniform(-3, 14)), np.radians(rng.normal(0, 10))
    turned = place(shape, (0, 0, 0), yaw, pitch, roll)
    width, deep, _ = np.ptp(turned.corners, axis=(0, 1)).tolist()
    focal = size * rng.uniform(1.8, 3.0)
    depth = focal * width / (rng.uniform(0.5, 0.9) * size) + deep / 2
    camera = Camera(size, focal, 2.0, size * rng.uniform(0.82, 1.5))
    row = size * rng.uniform(0.34, 0.56)
    height = camera.height + (camera.horizon - row) * depth / focal
    aside = rng.uniform(-0.06, 0.06) * size * depth / focal
    return camera, place(shape, (aside, depth, height), yaw, pitch, roll), depth
