"""The prior's weights against the published range, and smoothing against SciPy's filters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from cic_jax import bins, prior


def delta(index: int, size: int = 313) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[index]


def test_weights_of_the_imagenet_prior_are_the_published_ones():
    """From 0.097 for grey, the most frequent bin, to 6.17 for the rarest."""
    weights = prior.class_weights(prior.IMAGENET)
    np.testing.assert_allclose([weights.min(), weights.max()], [0.0965, 6.175], rtol=1e-3)
    np.testing.assert_array_equal(bins.CENTERS[np.argmin(weights)], [0, 0])
    assert np.argmax(weights) == np.argmin(prior.IMAGENET)


@pytest.mark.parametrize("mix", [0.0, 0.25, 0.5, 1.0])
def test_weights_follow_their_equation(mix):
    """In exact terms: 1 / w is proportional to the mixture, and the mean weight is 1."""
    weights = prior.class_weights(prior.IMAGENET, mix).astype(np.float64)
    p = prior.IMAGENET.astype(np.float64) / prior.IMAGENET.sum(dtype=np.float64)
    np.testing.assert_allclose(np.sum(p * weights), 1, rtol=1e-6)
    product = weights * ((1 - mix) * p + mix / 313)
    np.testing.assert_allclose(product, product[0], rtol=1e-6)
    if mix == 1:
        np.testing.assert_array_equal(weights, np.ones(313))


@pytest.mark.parametrize(
    ("p", "mix", "message"),
    [
        (prior.IMAGENET * 2, 0.5, "its sum 2"),
        (delta(0) * 3 - delta(1) * 2, 0.5, "its minimum is -2"),
        (delta(0), 0.0, "above 0 where a bin is empty"),
        (prior.IMAGENET, 1.5, "it is 1.5"),
    ],
)
def test_weights_refuse_what_is_no_distribution(p, mix, message):
    with pytest.raises(ValueError, match=message):
        prior.class_weights(p, mix)


def test_smoothing_keeps_the_sum_and_spreads_the_prior():
    smoothed = prior.smooth(prior.IMAGENET)
    np.testing.assert_allclose(smoothed.sum(), prior.IMAGENET.sum(), rtol=1e-6)
    assert smoothed.max() < prior.IMAGENET.max()
    assert smoothed.min() > prior.IMAGENET.min()


def test_smoothing_is_a_blur_of_the_ab_plane():
    square = bins.square()
    middle = delta(312, 625)
    expected = scipy.ndimage.gaussian_filter(
        middle.reshape(25, 25), sigma=7.0 / bins.PITCH, mode="constant", truncate=15
    )
    actual = prior.smooth(middle, 7.0, square).reshape(25, 25)
    np.testing.assert_allclose(actual, expected, atol=1e-7)


def test_smoothing_reaches_the_neighbours_in_colour_alone():
    # The last bin of one row of the table and the first of the next lie far apart.
    last = next(i for i in range(100, 312) if bins.CENTERS[i, 0] < bins.CENTERS[i + 1, 0])
    distance = np.linalg.norm(bins.CENTERS - bins.CENTERS[last], axis=-1)
    smoothed = prior.smooth(delta(last))
    np.testing.assert_allclose(smoothed[distance == 10] / smoothed[last], np.exp(-2), rtol=1e-5)
    assert smoothed[last + 1] < 1e-12


def test_count_adds_up_the_weights_of_each_bin():
    rng = np.random.default_rng(0)
    indices = rng.integers(0, 313, (4, 20, 30, 5)).astype(np.int32)
    weights = rng.random((4, 20, 30, 5)).astype(np.float32)
    counted = jax.jit(lambda *encoded: prior.count(encoded, 313))(indices, weights)
    expected = np.bincount(indices.ravel(), weights.ravel().astype(np.float64), 313)
    np.testing.assert_allclose(counted, expected, rtol=1e-5)


@pytest.mark.parametrize("tau", [0.0, 0.4, 1.0])
def test_adjusting_divides_by_a_power_of_the_mixed_prior(tau):
    p = np.float32([0.7, 0.2, 0.1, 0.0])
    logits = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    adjusted = np.exp(np.asarray(prior.adjust(jnp.asarray(logits), p, tau), np.float64))
    expected = np.exp(logits) / (0.95 * p + 0.05 / 4) ** tau
    np.testing.assert_allclose(
        adjusted / adjusted.sum(-1, keepdims=True),
        expected / expected.sum(-1, keepdims=True),
        rtol=1e-5,
    )
