"""Colour is averaged along motion, and begins anew where nothing was found."""

import numpy as np

from cic_jax.film import steady
from cic_jax.film.motion import Match


def still(shape, share=1.0):
    place = np.moveaxis(np.indices(shape), 0, -1).astype(np.float32)
    return Match(place, np.full(shape, share, np.float32))


def test_a_cell_that_is_always_found_has_the_mean_of_its_pictures():
    outputs = np.random.default_rng(0).normal(size=(6, 4, 5, 7)).astype(np.float32)
    mean = steady.begin(outputs[0])
    for output in outputs[1:]:
        mean = steady.go_on(mean, still((4, 5)), output)
    np.testing.assert_allclose(mean.output, outputs.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(mean.pictures, np.full((4, 5), 6.0))


def test_what_moved_keeps_its_mean_and_what_is_new_has_its_own():
    before = np.random.default_rng(1).normal(size=(4, 6, 3)).astype(np.float32)
    match = still((4, 6))
    match.place[..., 1] += 1.0  # everything came one cell from the right
    match.share[:, -1] = 0.0
    mean = steady.go_on(steady.begin(before), match, np.zeros((4, 6, 3), np.float32))
    np.testing.assert_allclose(mean.output[:, :-1], before[:, 1:] / 2, atol=1e-6)
    np.testing.assert_array_equal(mean.output[:, -1], 0)
    np.testing.assert_array_equal(mean.pictures[:, -1], 1)


def test_old_pictures_count_less_and_less():
    mean = steady.begin(np.ones((2, 2, 1), np.float32))
    for _ in range(100):
        mean = steady.go_on(mean, still((2, 2)), np.zeros((2, 2, 1), np.float32))
    assert float(mean.output.max()) < 0.01
    assert float(mean.pictures.max()) == steady.MOST + 1
