"""Convolutions of each channel by itself are XLA's own, and so are their gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import convolutions


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize(("sides", "channels"), [((8, 8), 1), ((7, 10), 6), ((1, 3), 6)])
def test_shifted_products_are_the_convolution(size, stride, sides, channels):
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(2, *sides, channels)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(size, size, 6)), jnp.float32)

    def value_and_gradients(engine):
        y, pull = jax.vjp(
            lambda x, k: convolutions.depthwise(x, k, stride=stride, engine=engine), x, kernel
        )
        return y, *pull(jnp.asarray(np.random.default_rng(1).normal(size=y.shape), jnp.float32))

    for ours, theirs in zip(*map(value_and_gradients, ("fast", "direct")), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sides", [(1, 1), (4, 7)])
def test_doubling_is_linear_interpolation_between_pixel_centres(sides):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, *sides, 3)), jnp.float32)
    expected = jax.image.resize(x, (2, 2 * sides[0], 2 * sides[1], 3), "linear")
    np.testing.assert_allclose(convolutions.double_linearly(x), expected, atol=1e-6)
