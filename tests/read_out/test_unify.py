"""The cells of a thing share one distribution; what differs stays apart."""

from functools import partial

import jax
import numpy as np
import pytest
from scipy.special import softmax
from tiny_models import tiny_model

from cic_jax import Colorizer
from cic_jax.configs import default
from cic_jax.read_out import unify

H, W, Q = 24, 32, 12
THING = np.zeros((H, W), bool)
THING[6:18, 6:26] = True


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Logits and lightness of a thing on a background: red or blue, a little redder on the left."""
    output = np.zeros((H, W, Q), np.float32)
    output[~THING, 2] = 4
    output[THING, 0] = output[THING, 1] = 3
    output[6:18, 6:26, 0] += np.linspace(0.2, -0.1, 20, dtype=np.float32)
    output += np.random.default_rng(0).normal(0, 0.01, output.shape).astype(np.float32)
    return output, np.where(THING, 40, 70).astype(np.float32)


def test_what_most_of_a_thing_leans_to_wins_in_all_of_it():
    output, L = scene()
    assert set(np.unique(output[THING].argmax(axis=-1))) == {0, 1}
    pooled = unify.pool(output, L, 1.0)
    assert set(np.unique(pooled[THING].argmax(axis=-1))) == {0}
    assert np.all(pooled[~THING].argmax(axis=-1) == 2)


def test_the_mean_is_that_of_the_logarithms_and_mixed_by_strength():
    output, L = scene()
    own = np.log(softmax(output, axis=-1))
    labels = unify.segments(np.exp(own), L)
    expected = own.copy()
    for label in np.unique(labels):
        expected[labels == label] = own[labels == label].mean(axis=0)
    for strength in (0.3, 1.0):
        mixed = (1 - strength) * own + strength * expected
        np.testing.assert_allclose(unify.pool(output, L, strength), mixed, atol=1e-5)
    assert unify.pool(output, L, 0.0) is output


def test_a_compiled_function_shares_as_the_host_does():
    outputs, means = (np.stack(x) for x in zip(*[scene(), scene()[:2]], strict=True))
    outputs[1] += np.random.default_rng(1).normal(0, 1, outputs[1].shape).astype(np.float32)
    shared = jax.jit(partial(unify.shared, strength=0.6))(outputs, means)
    for found, output, L in zip(shared, outputs, means, strict=True):
        np.testing.assert_array_equal(found, unify.pool(output, L, 0.6))


def test_segments_follow_the_thing():
    output, L = scene()
    labels = unify.segments(softmax(output, axis=-1), L)
    assert len(np.unique(labels[THING])) == 1
    assert set(np.unique(labels[THING])).isdisjoint(np.unique(labels[~THING]))
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))


def test_the_axes_are_the_principal_ones():
    roots = np.random.default_rng(0).normal(size=(400, 30)) * np.r_[9:3:6j, np.full(24, 0.5)]
    axes = unify._axes(roots)
    some = roots[:: unify.SAMPLED] - roots.mean(axis=0)
    expected = np.linalg.svd(some, full_matrices=False)[2][: unify.AXES].T
    np.testing.assert_allclose(axes @ axes.T, expected @ expected.T, atol=1e-3)


def test_a_colorizer_unifies_as_its_model_says_unless_told():
    photo = np.random.default_rng(1).integers(0, 256, (40, 56, 3), np.uint8)
    model = tiny_model()
    config = default.completed(model.description["config"])
    config.colour.unify = 0.5
    own = model._replace(description=model.description | {"config": config.to_dict()})
    apart, together = Colorizer(model, size=64), Colorizer(own, size=64)
    expected = apart.predict(photo, unify=0.5).output
    np.testing.assert_array_equal(together.predict(photo).output, expected)
    plain = together.predict(photo, unify=0.0).output
    np.testing.assert_array_equal(plain, apart.predict(photo).output)
    assert np.abs(expected - plain).max() > 1e-4


def test_a_model_without_a_distribution_cannot():
    colorizer = Colorizer(tiny_model(centers=None), size=64)
    with pytest.raises(ValueError, match="over colour bins"):
        colorizer.predict(np.zeros((40, 40), np.uint8), unify=0.5)
