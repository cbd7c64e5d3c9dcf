"""The network as a module: its two halves, and inference by groups of photographs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from cic_jax import network


def random(count, height, width):
    key = jax.random.key(0)
    return 100 * jax.random.uniform(key, (count, height, width, 1))


@pytest.mark.parametrize("name", network.NETWORKS)
def test_inference_is_the_network_applied(name):
    """For any number of photographs, those left over from a group included, of any size."""
    net = network.create(name, width=0.05)
    L = random(6, 19, 30)
    variables = net.init(jax.random.key(1), L)
    expected = net.apply(variables, L)
    found = network.infer(net, variables, L)
    assert found.shape == (6, 5, 8, 313)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_inference_of_any_module():
    class Mean(nn.Module):
        @nn.compact
        def __call__(self, L, train=False):
            scale = self.param("scale", nn.initializers.ones, ())
            return scale * jnp.mean(L, axis=(1, 2), keepdims=True)

    net, L = Mean(), random(7, 8, 8)
    variables = net.init(jax.random.key(0), L)
    np.testing.assert_allclose(network.infer(net, variables, L), net.apply(variables, L), rtol=1e-6)


@pytest.mark.parametrize("name", network.NETWORKS)
def test_the_first_half_ends_at_an_eighth_of_the_resolution(name):
    net = network.create(name, width=0.05)
    L = random(2, 20, 24)
    variables = net.init(jax.random.key(1), L)
    reduced = net.apply(variables, L, method=network.Network.reduce)
    assert reduced.shape[1:3] == (3, 3)
    whole = net.apply(variables, reduced, 20, 24, method=network.Network.predict)
    np.testing.assert_array_equal(whole, net.apply(variables, L))
