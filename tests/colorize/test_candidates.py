"""Candidates differ in the same way all over, where there is doubt, at a stated cost."""

import itertools

import numpy as np
import pytest

from cic_jax import bins
from cic_jax.colorize import candidates


def softmax(logits):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def logits(doubt, at=(10.0, 20.0)):
    """A Gaussian over ab in every cell: `doubt` standard deviations in a and b."""
    offset = (bins.CENTERS - np.float32(at)) / np.asarray(doubt, np.float32)[..., None, :]
    return (-(offset**2).sum(axis=-1) / 2).astype(np.float32)


def divergence(p, q):
    return (p * np.log(np.maximum(p, 1e-30) / np.maximum(q, 1e-30))).sum(axis=-1)


SURE_AND_UNSURE = np.concatenate(
    [np.full((8, 8, 2), (5.0, 5.0)), np.full((8, 8, 2), (30.0, 15.0))], axis=1
)


def means(z, count=4, spread=1.0):
    tilts = candidates.tilts(softmax(z), bins.CENTERS, count, spread)
    return [softmax(z + tilt) @ bins.CENTERS for tilt in tilts]


def test_the_first_is_the_ordinary_one_and_the_others_differ():
    z = logits(SURE_AND_UNSURE)
    found = means(z)
    np.testing.assert_allclose(found[0], softmax(z) @ bins.CENTERS, atol=1e-3)
    for one, other in itertools.combinations(found, 2):
        assert np.linalg.norm((one - other)[:, 8:], axis=-1).min() > 10


def test_what_is_sure_stays_as_it_is():
    first, *others = means(logits(SURE_AND_UNSURE))
    for other in others:
        moved = np.linalg.norm(other - first, axis=-1)
        assert moved[:, :8].max() < 0.2 * moved[:, 8:].min()


def test_what_belongs_together_moves_together():
    rng = np.random.default_rng(0)
    z = logits(np.full((16, 16, 2), (25.0, 15.0))) + rng.normal(0, 0.1, (16, 16, 1))
    z = z + rng.normal(0, 0.3, z.shape)  # the network's own unevenness
    first, *others = means(z.astype(np.float32))
    for other in others:
        shift = other - first
        assert np.linalg.norm(shift.mean(axis=(0, 1))) > 5 * shift.std(axis=(0, 1)).max()


def test_the_cost_is_half_the_square_of_the_spread():
    z = logits(np.full((4, 4, 2), (20.0, 12.0)), at=(0.0, 0.0))
    for tilt in candidates.tilts(softmax(z), bins.CENTERS, 5, 0.5)[1:]:
        assert divergence(softmax(z + tilt), softmax(z)).mean() == pytest.approx(0.125, rel=0.15)


def test_the_second_goes_along_the_greatest_doubt():
    first, second, third = means(logits(np.full((4, 4, 2), (10.0, 25.0)), at=(0.0, 0.0)), 3)
    a, b = np.moveaxis(second - first, -1, 0)
    assert b.min() > 10 * np.abs(a).max()
    np.testing.assert_allclose(third - first, first - second, atol=2.0)


def test_without_doubt_nothing_moves():
    z = np.zeros((3, 3, 313), np.float32)
    z[..., 100] = 100
    first, *others = means(z)
    assert max(np.abs(other - first).max() for other in others) < 1e-3


@pytest.mark.parametrize(("count", "spread"), [(0, 1.0), (3, -1.0), (3, float("nan"))])
def test_refuses_what_makes_no_sense(count, spread):
    with pytest.raises(ValueError, match="count >= 1 and spread >= 0"):
        candidates.tilts(softmax(logits(SURE_AND_UNSURE)), bins.CENTERS, count, spread)


def test_spread_nought_gives_one_colouring():
    assert not candidates.tilts(softmax(logits(SURE_AND_UNSURE)), bins.CENTERS, 4, 0.0).any()
