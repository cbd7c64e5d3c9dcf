"""Coarse colour comes to the pixels of the photograph."""

import numpy as np
from PIL import Image

from cic_jax.read_out import upsample


def random(*shape, scale=40.0):
    return np.random.default_rng(0).normal(0, scale, shape).astype(np.float32)


def cells(pixels):
    h, w, c = pixels.shape
    return pixels.reshape(h // 4, 4, w // 4, 4, c).mean(axis=(1, 3))


def resized(ab):
    h, w = 4 * ab.shape[0], 4 * ab.shape[1]
    return np.asarray(
        upsample.bilinear(ab, np.full(2, 4, np.float32), np.zeros(2, np.float32), (h, w))
    )


def two_colours(size=96):
    """A tilted edge between two colours of different lightness, as pixels of L and of ab."""
    y, x = np.mgrid[:size, :size]
    inside = (x + 0.4 * y > 0.7 * size)[..., None]
    L = np.where(inside, 75, 30).astype(np.float32)
    return L, np.where(inside, [20.0, 50.0], [-5.0, -30.0]).astype(np.float32)


def test_a_constant_stays_constant():
    ab = np.broadcast_to(np.float32([12, -34]), (9, 7, 2))
    large = upsample.follow(ab, 50 + random(36, 28, 1, scale=20))
    np.testing.assert_allclose(large, np.broadcast_to(ab[:1, :1], (36, 28, 2)), atol=1e-4)


def test_no_colour_arises_that_is_not_near():
    ab, L = random(12, 10, 2), 50 + random(48, 40, 1, scale=20)
    large = np.asarray(upsample.follow(ab, L))
    padded = np.pad(ab, [(1, 1), (1, 1), (0, 0)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    extremes = (windows.min(axis=(-1, -2)), windows.max(axis=(-1, -2)))
    low, high = (extreme.repeat(4, axis=0).repeat(4, axis=1) for extreme in extremes)
    assert (large >= low - 1e-4).all()
    assert (large <= high + 1e-4).all()


def test_it_is_nearly_bilinear_where_lightness_is_flat():
    y, x = np.mgrid[:20, :24]
    ab = np.stack([40 * np.sin(x / 3), 40 * np.cos(y / 3)], axis=-1).astype(np.float32)
    ours = upsample.follow(ab, np.full((80, 96, 1), 50, np.float32))
    assert np.abs(ours - resized(ab)).mean() < 1


def test_colour_follows_the_edges_of_lightness():
    L, truth = two_colours()
    ab = cells(truth)

    def error(found):
        return np.sqrt(((np.asarray(found) - truth) ** 2).mean())

    assert error(upsample.follow(ab, L)) < 0.8 * error(resized(ab))


def test_a_shift_of_the_photograph_shifts_its_colours():
    ab, L = random(16, 16, 2), 50 + random(64, 64, 1, scale=20)
    whole = np.asarray(upsample.follow(ab, L))
    part = np.asarray(upsample.follow(ab[3:, 2:], L[12:, 8:]))
    away = 4 * 3  # cells that see the cut edge: one for each window, and one by interpolation
    np.testing.assert_allclose(part[away:, away:], whole[12:, 8:][away:, away:], atol=1e-3)


def test_bilinear_agrees_with_pillow():
    ab = np.random.default_rng(0).normal(0, 40, (9, 13, 2)).astype(np.float32)
    h, w = 100, 171
    scale = np.array([h / 9, w / 13], np.float32)
    whole = [
        np.asarray(Image.fromarray(plane).resize((w, h), Image.Resampling.BILINEAR))
        for plane in np.moveaxis(ab, -1, 0)
    ]
    top, left = 30, 100
    part = upsample.bilinear(ab, scale, np.float32([top, left]), (40, 50))
    expected = np.stack(whole, axis=-1)[top : top + 40, left : left + 50]
    np.testing.assert_allclose(part, expected, atol=1e-3)
