"""Upright pinhole camera: projects points to pixels, and ground pixels back to points.

World axes in metres: x to the right, y away from the camera, z up; the ground is z = 0. The
horizon may lie on any row (a shifted lens), so vertical lines stay vertical.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

NEAREST = 0.5  # metres; nothing is drawn closer to the camera than this


class Camera(NamedTuple):
    """Focal length and horizon in pixels, height above the ground in metres, square photograph."""

    size: int
    focal: float
    height: float
    horizon: float

    def project(self, points: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 2"]:
        """Project world points to (column, row)."""
        depth = np.maximum(points[..., 1], NEAREST)
        column = self.size / 2 + self.focal * points[..., 0] / depth
        row = self.horizon + self.focal * (self.height - points[..., 2]) / depth
        return np.stack([column, row], axis=-1)

    def ground(self) -> "Ground":
        """Return the ground points that the rows below the horizon show."""
        first = int(np.clip(np.ceil(self.horizon), 0, self.size))
        rows = np.arange(first, self.size, dtype=np.float32) + 0.5
        depth = (self.focal * self.height / np.maximum(rows - self.horizon, 0.25))[:, None]
        columns = np.arange(self.size, dtype=np.float32)[None] + 0.5 - self.size / 2
        return Ground(first, columns * depth / self.focal, depth)

    def row_at(self, depth: float) -> float:
        """Return the row where something standing at `depth` touches the ground."""
        return self.horizon + self.focal * self.height / depth


class Ground(NamedTuple):
    """Ground in view: its first row, and x and y (depth) of every pixel from there down."""

    first: int
    x: Float[np.ndarray, "h w"]
    y: Float[np.ndarray, "h 1"]
