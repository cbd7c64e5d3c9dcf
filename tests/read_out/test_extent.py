"""A hint's answer is kept in the hint's own thing, as far as it goes to the colour asked for."""

import jax.numpy as jnp
import numpy as np

from cic_jax.hints import none, told
from cic_jax.read_out import extent

GREY, RED = np.zeros(2), np.array([50.0, 20.0])


def moved(share):
    """Two squares that went that share of the way from grey to red; the rest went a fifth."""
    ab = np.full((8, 8, 2), 0.2) * RED
    ab[1:4, 1:4] = ab[5:7, 5:7] = share * RED
    return ab


def kept(after, *hints):
    place, asked = (np.array(x, np.float64) for x in zip(*hints, strict=True))
    return extent.extent(np.zeros((8, 8, 2)), after, place, asked)


def test_a_hint_is_kept_in_its_own_thing_alone():
    result = kept(moved(1.0), ((0.3, 0.3), RED))
    assert np.all(result[1:4, 1:4] == 1)
    assert result.sum() == 9


def test_each_hint_has_its_own_extent():
    result = kept(moved(1.0), ((0.3, 0.3), RED), ((0.7, 0.7), RED))
    assert result.sum() == 13


def test_what_goes_half_the_way_stays_as_it_was_but_for_the_place_itself():
    result = kept(moved(0.45), ((0.3, 0.3), RED))
    assert result[2, 2] == 1
    assert result.sum() == 1
    part = kept(moved(0.75), ((0.3, 0.3), RED))[1, 1]
    assert 0.5 < part < 1


def test_outputs_are_mixed_by_the_extent_and_the_edges_of_the_photograph_are_places():
    without, answer = np.zeros((8, 8, 3)), np.ones((8, 8, 3))
    place, asked = np.array([[0.3, 0.3], [1.0, 1.0]]), np.array([RED, RED])

    def cells(output):
        return moved(1.0) if output is answer else np.zeros((8, 8, 2))

    mixed = extent.merge(without, answer, asked, place, cells)
    assert np.all(mixed[1:4, 1:4] == 1)
    assert np.all(mixed[7, 7] == 1)
    assert mixed.sum() == 3 * 10


def test_what_a_network_is_told_comes_out_as_asked_for():
    asked = none(1, 2, 3)._replace(ab=jnp.array([[[40.0, -20.0], [0.0, 0.0]]]))
    np.testing.assert_allclose(1.3 * told(asked, 1.3).ab, asked.ab, rtol=1e-6)
    np.testing.assert_array_equal(told(asked, 0.0).ab, asked.ab)
