"""Losses against dense float64 arithmetic, by hand, and in their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from cic_jax import bins, loss, prior

WEIGHTS = prior.class_weights(prior.IMAGENET)


def batch(seed: int = 0, neighbors: int = 5):
    """Random logits, and colours with their sparse encoding and the same one dense."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.standard_normal((2, 8, 9, 313)).astype(np.float32)
    ab = rng.uniform(-90, 90, (2, 8, 9, 2)).astype(np.float32)
    encoded = jax.jit(lambda ab: bins.encode(ab, neighbors))(ab)
    dense = np.zeros((2, 8, 9, 313))
    np.put_along_axis(dense, np.asarray(encoded[0]), np.asarray(encoded[1], np.float64), axis=-1)
    return logits, ab, encoded, dense


@pytest.mark.parametrize("class_weights", [None, WEIGHTS], ids=["plain", "rebalanced"])
@pytest.mark.parametrize("neighbors", [1, 5])
def test_cross_entropy_and_its_gradient_are_those_of_a_dense_target(neighbors, class_weights):
    """The loss is the mean of -v(Z) Z . log softmax, its derivative v(Z) (softmax - Z) / n."""
    logits, _, encoded, dense = batch(neighbors=neighbors)
    exact = logits.astype(np.float64)
    weight = 1.0 if class_weights is None else class_weights[np.argmax(dense, axis=-1)]
    pixels = -weight * np.sum(dense * scipy.special.log_softmax(exact, axis=-1), axis=-1)
    slope = (scipy.special.softmax(exact, axis=-1) - dense) / pixels.size
    slope *= np.broadcast_to(weight, pixels.shape)[..., None]

    def loss_of(logits):
        return loss.cross_entropy(logits, encoded, class_weights)

    value, gradient = jax.jit(jax.value_and_grad(loss_of))(logits)
    np.testing.assert_allclose(value, pixels.mean(), rtol=1e-6)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-9)


def test_golden_values():
    """Softmax of (0, ln 2, ln 5) is (1, 2, 5) / 8: with Z = (1/4, 3/4, 0) the loss is 2.25 ln 2."""
    logits = jnp.log(jnp.array([[1.0, 2.0, 5.0]]))
    encoded = jnp.array([[1, 0]]), jnp.array([[0.75, 0.25]])
    np.testing.assert_allclose(loss.cross_entropy(logits, encoded), 2.25 * np.log(2), rtol=1e-6)
    weighted = loss.cross_entropy(logits, encoded, jnp.array([7.0, 2.0, 7.0]))
    np.testing.assert_allclose(weighted, 4.5 * np.log(2), rtol=1e-6)
    uniform = loss.cross_entropy(jnp.full((1, 313), 1e4), encoded)
    np.testing.assert_allclose(uniform, np.log(313), rtol=1e-3)

    squared = loss.euclidean(jnp.array([[0.5, 0.5]]), jnp.array([[11.0, -22.0]]))
    np.testing.assert_allclose(squared, (0.4**2 + 0.7**2) / 2, rtol=1e-6)


def test_pixels_outside_the_mask_change_nothing():
    logits, ab, encoded, _ = batch()
    mask = np.zeros((2, 8, 9), bool)
    mask[:, :5, 2:] = True
    garbage = np.where(mask[..., None], logits, 1e4 * logits)
    inside = slice(None), slice(0, 5), slice(2, None)

    masked = jax.jit(lambda x, m: loss.cross_entropy(x, encoded, WEIGHTS, m))
    expected = loss.cross_entropy(
        jnp.asarray(logits[inside]), (encoded[0][inside], encoded[1][inside]), WEIGHTS
    )
    for scale in (1.0, 0.25):
        actual = masked(garbage, scale * mask.astype(np.float32))
        np.testing.assert_allclose(actual, expected, rtol=1e-6)
    assert np.all(jax.jit(jax.grad(masked))(garbage, mask)[~mask] == 0)
    assert masked(logits, np.zeros_like(mask)) == 0

    euclidean = jax.jit(loss.euclidean)
    actual = euclidean(garbage[..., :2], ab, mask)
    np.testing.assert_allclose(actual, euclidean(logits[inside][..., :2], ab[inside]), rtol=1e-6)


def test_gradient_of_the_euclidean_loss():
    rng = np.random.default_rng(1)
    prediction, ab = rng.standard_normal((2, 6, 4, 2)).astype(np.float32)
    gradient = jax.jit(jax.grad(loss.euclidean))(prediction, 50 * ab)
    np.testing.assert_allclose(gradient, (prediction - 50 * ab / 110) / 24, rtol=1e-4, atol=1e-7)


def test_grey_mask_is_0_throughout_images_without_colour():
    ab = np.zeros((4, 3, 5, 2), np.float32)
    ab[0, 2, 4] = 5.0, -5.0
    ab[1, 1, 1, 0] = -5.1
    ab[2, 0, 3, 1] = 5.1
    mask = np.asarray(jax.jit(loss.grey_mask)(ab))
    np.testing.assert_array_equal(mask.mean(axis=(1, 2)), [0, 1, 1, 0])


def test_forward_mode_and_curvature_of_the_cross_entropy():
    """The curvature of log-sum-exp at one pixel is diag(p) - p p^T, whatever the target."""
    logits, _, encoded, _ = batch()
    change = np.random.default_rng(1).standard_normal(logits.shape).astype(np.float32)

    def loss_of(logits):
        return loss.cross_entropy(logits, encoded, WEIGHTS)

    @jax.jit
    def slopes(logits, change):
        _, forward = jax.jvp(loss_of, (logits,), (change,))
        return forward, jnp.vdot(jax.grad(loss_of)(logits), change)

    np.testing.assert_allclose(*slopes(logits, change), rtol=1e-4)
    one = tuple(x[0, 0, :1] for x in encoded)
    curvature = jax.jit(jax.hessian(lambda x: loss.cross_entropy(x[None], one)))(logits[0, 0, 0])
    p = scipy.special.softmax(logits[0, 0, 0].astype(np.float64))
    np.testing.assert_allclose(curvature, np.diag(p) - np.outer(p, p), atol=1e-6)
