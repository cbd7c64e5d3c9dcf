"""Coherence on drawn scenes, whose objects are known, and on photographs with known segments."""

import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import coherence, lab, scenes


@pytest.fixture(scope="module")
def scene():
    return scenes.draw(0, 1, 64)


def body(scene):
    """The regions of a scene, and the main vehicle's pixels."""
    regions = coherence.large(scene.mask.astype(int))
    return regions, regions == 1


def test_a_car_of_one_colour_has_no_spread(scene):
    regions, car = body(scene)
    ab = np.where(car[..., None], [40.0, -20.0], np.random.default_rng(0).normal(size=(64, 64, 2)))
    assert coherence.spreads(ab, regions)[0] == pytest.approx(0, abs=1e-9)


def test_a_car_half_red_and_half_blue_has_the_distance_to_their_mean(scene):
    regions, car = body(scene)
    red, blue = np.array([60.0, 40.0]), np.array([20.0, -50.0])
    columns = np.nonzero(car)[1]
    left = np.arange(64)[None, :] < np.median(columns)
    ab = np.where((car & left)[..., None], red, blue)
    share = np.mean(columns < np.median(columns))
    expected = np.linalg.norm(red - blue) * np.sqrt(share * (1 - share))
    assert coherence.spreads(ab, regions)[0] == pytest.approx(expected)
    assert expected > 40


def test_the_paint_of_a_drawn_vehicle_is_of_one_colour(scene):
    regions, _ = body(scene)
    ab = np.asarray(lab.from_uint8(jnp.asarray(scene.image)))[..., 1:]
    assert coherence.spreads(ab, regions).max() < 2


def test_segments_are_connected_and_of_one_true_colour():
    ab = np.zeros((60, 80, 2))
    ab[:, 40:] = [50, 50]
    ab[:, 60:] = [0, 0]  # as grey as the left, and not connected with it
    ab[20:23, 10:13] = [-60, 40]  # too small
    mask = np.ones((60, 80), bool)
    mask[50:] = False
    regions = coherence.segments(ab + np.random.default_rng(0).normal(0, 1, ab.shape), mask)
    assert regions[50:].max() == 0
    numbers = [regions[10, column] for column in (20, 50, 70)]
    assert 0 not in numbers
    assert len(set(numbers)) == 3
    assert regions[21, 11] in (0, numbers[0])
    assert coherence.spreads(ab, regions).max() < 12
