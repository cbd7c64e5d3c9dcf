"""Photographs at full size in the colours of small ones: their cost, and their colours."""

import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import read_out
from cic_jax.colorize import paint


@pytest.mark.parametrize(
    ("shape", "tile"),
    [
        ((300, 400), (512, 512)),
        ((5, 500), (512, 512)),
        ((200, 5000), (512, 512)),
        ((100, 5000), (128, 2048)),
        ((5000, 100), (2048, 128)),
        ((1, 1_000_000), (32, 8192)),
    ],
)
def test_tiles_are_squares_or_strips(shape, tile):
    assert paint.tile_shape(*shape) == tile


def test_work_is_bounded_by_pixels():
    for shape in ((1, 1_000_000), (100, 1_000_000), (129, 775_000), (513, 513), (10_000, 10_000)):
        tile = paint.tile_shape(*shape)
        tiles = -(-shape[0] // tile[0]) * -(-shape[1] // tile[1])
        assert tiles * tile[0] * tile[1] <= 4 * shape[0] * shape[1] + 128 * paint.TILE**2


def test_a_strip_has_the_colours_of_the_whole():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 20_000), np.uint8)
    ab = jnp.asarray(rng.normal(0, 20, (64, 640, 2)).astype(np.float32))
    scale = np.float32([3 / 64, 20_000 / 600])
    found = paint.paint(pixels, ab, scale)
    assert found.shape == (3, 20_000, 3)
    for columns in (slice(0, 400), slice(8000, 8400), slice(19_600, 20_000)):
        origin = np.float32([0, columns.start])
        colour = read_out.bilinear(ab, scale, origin, (3, 400))
        expected = read_out.render(read_out.lightness(pixels[:, columns]), colour)
        difference = found[:, columns].astype(int) - np.asarray(expected)
        assert np.abs(difference).max() <= 1
