"""Motion is found where something moved, and not where it went out of sight."""

import numpy as np
from PIL import Image

from cic_jax import scenes
from cic_jax.film import motion, shots

PLANE = np.asarray(Image.fromarray(scenes.draw(3, 1, 160).image).convert("L"), np.float32) / 2.55


def window(top, left, side=96):
    return PLANE[top : top + side, left : left + side]


def test_a_camera_that_pans_is_followed_both_ways():
    back, forth = motion.match(window(20, 10), window(26, 18))
    inside = np.s_[4:-6, 4:-6]
    for found, (down, right) in ((back, (3, 4)), (forth, (-3, -4))):
        moved = found.place - np.moveaxis(np.indices(found.share.shape), 0, -1)
        sure = found.share[inside] > 0.5
        assert sure.mean() > 0.8
        off = np.abs(moved[inside] - [down, right])[sure]
        assert np.median(off) < 0.1
        assert np.quantile(off, 0.9) < 0.6


def test_what_comes_into_view_is_not_found():
    back, _ = motion.match(window(20, 20), window(20, 36))  # 8 cells come in at the right
    assert back.share[:, -6:].mean() < 0.1
    assert back.share[:, 4:-12].mean() > 0.8


def test_what_is_hidden_by_something_else_is_not_found():
    after = window(20, 20).copy()
    after[30:60, 30:60] = np.random.default_rng(0).uniform(0, 100, (30, 30))
    back, forth = motion.match(window(20, 20), after)
    assert back.share[18:27, 18:27].mean() < 0.2
    assert forth.share[18:27, 18:27].mean() < 0.2
    assert back.share[:8].mean() > 0.9


def test_a_film_that_flickers_as_a_whole_is_matched():
    back, _ = motion.match(window(20, 20), window(20, 20) + 12)
    assert back.share.mean() > 0.9


def test_a_cut_is_found_and_a_flash_or_a_fast_pan_is_none():
    other = np.asarray(Image.fromarray(scenes.draw(3, 4, 96).image).convert("L"), np.float32) / 2.55

    def cut(before, after):
        back, _ = motion.match(before, after)
        return shots.is_cut(before, after, float(back.share.mean()))

    assert cut(window(0, 0), other)
    assert not cut(window(0, 0), window(0, 0) + 25)
    assert not cut(window(10, 10), window(16, 10))
