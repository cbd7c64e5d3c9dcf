"""CIEDE2000 against scikit-image, on colours of all hues, and against what must hold of it."""

import jax
import jax.numpy as jnp
import numpy as np
import skimage.color

from cic_jax import ciede2000

DIFFERENCE = jax.jit(ciede2000.difference)


def colours(seed, count=20_000):
    rng = np.random.default_rng(seed)
    lab = rng.uniform([0, -90, -90], [100, 90, 90], (count, 3))
    lab[:200, 1:] = 0  # grey
    lab[200:400, 2] = 0  # at the cut of the hue, and across it
    return lab.astype(np.float32)


def test_it_is_scikit_images():
    first, far = colours(0), colours(1)
    near = first + np.random.default_rng(2).normal(0, 2, first.shape).astype(np.float32)
    for second in (far, near):
        expected = skimage.color.deltaE_ciede2000(first.astype(float), second.astype(float))
        np.testing.assert_allclose(DIFFERENCE(first, second), expected, rtol=2e-3, atol=2e-3)


def test_it_is_symmetric_and_zero_between_equals():
    first, second = colours(0), colours(1)
    np.testing.assert_allclose(
        DIFFERENCE(first, second), DIFFERENCE(second, first), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(DIFFERENCE(first, first), np.zeros(len(first)), atol=1e-4)


def test_a_published_pair():
    """The first pair of Sharma, Wu and Dalal's table 1."""
    pair = jnp.array([[50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485]])
    np.testing.assert_allclose(DIFFERENCE(pair[0], pair[1]), 2.0425, atol=1e-4)
