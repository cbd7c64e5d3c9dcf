"""A segment of several colours gets one of them; the others are left alone."""

import numpy as np

from cic_jax.colorize import unify


def scene(split=True):
    """Cells of a thing on a background; the thing is half red, half blue unless told."""
    h, w, q = 24, 32, 12
    rng = np.random.default_rng(0)
    thing = np.zeros((h, w), bool)
    thing[6:18, 6:26] = True
    p = np.full((h, w, q), 0.02)
    p[thing, 0] = p[thing, 1] = 0.4  # red or blue, in doubt
    p[~thing, 2] = 0.78
    p = (p / p.sum(axis=-1, keepdims=True)).astype(np.float32)
    ab = np.zeros((h, w, 2), np.float32)
    ab[thing] = (60, 40)
    if split:
        ab[6:18, 19:26] = (10, -50)
    ab += rng.normal(0, 0.5, ab.shape).astype(np.float32)
    return thing, ab, p, np.where(thing, 40, 70).astype(np.float32)


def test_a_thing_of_two_colours_gets_the_one_that_most_of_it_has():
    thing, ab, p, L = scene()
    chosen = unify.hints(ab, p, L)
    assert len(chosen) == unify.PLACES
    for hint in chosen:
        assert thing[int(hint.y * 24), int(hint.x * 32)]
        np.testing.assert_allclose(hint.ab, (60, 40), atol=1)
    places = np.array([(hint.x * 32, hint.y * 24) for hint in chosen])
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + 99 * np.eye(len(places))
    assert distances.min() >= 3


def test_things_of_one_colour_get_no_hint():
    _, ab, p, L = scene(split=False)
    assert unify.hints(ab, p, L) == []


def test_segments_follow_the_thing():
    thing, _, p, L = scene()
    labels = unify.segments(p, L)
    assert len(np.unique(labels[thing])) == 1
    assert set(np.unique(labels[thing])).isdisjoint(np.unique(labels[~thing]))


def test_the_densest_colour_is_no_mean_of_two():
    colours = np.float32([[60, 40]] * 30 + [[0, -50]] * 20)
    np.testing.assert_allclose(unify.densest(colours), (60, 40), atol=0.5)
