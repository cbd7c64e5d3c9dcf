"""A pinhole camera that stands upright: pixels of points, and points of pixels on the ground.

World axes in metres: x to the right, y away from the camera, z up; the ground is z = 0. The
horizon's row is free (a shifted lens), so that vertical lines stay vertical.
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
        """World points -> (column, row)."""
        depth = np.maximum(points[..., 1], NEAREST)
        column = self.size / 2 + self.focal * points[..., 0] / depth
        row = self.horizon + self.focal * (self.height - points[..., 2]) / depth
        return np.stack([column, row], axis=-1)

    def ground(self) -> "Ground":
        """The points of the ground seen by the rows below the horizon."""
        first = int(np.clip(np.ceil(self.horizon), 0, self.size))
        rows = np.arange(first, self.size, dtype=np.float32) + 0.5
        depth = (self.focal * self.height / np.maximum(rows - self.horizon, 0.25))[:, None]
        columns = np.arange(self.size, dtype=np.float32)[None] + 0.5 - self.size / 2
        return Ground(first, columns * depth / self.focal, depth)

    def row_at(self, depth: float) -> float:
        """The row at which things standing at that depth touch the ground."""
        return self.horizon + self.focal * self.height / depth


class Ground(NamedTuple):
    """First row below the horizon, and the ground's x and y (depth) for each pixel from it down."""

    first: int
    x: Float[np.ndarray, "h w"]
    y: Float[np.ndarray, "h 1"]
