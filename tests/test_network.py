"""The network as a module: its two halves."""

import jax
import numpy as np
import pytest

from cic_jax import network


@pytest.mark.parametrize("name", network.NETWORKS)
def test_the_first_half_ends_at_an_eighth_of_the_resolution(name):
    net = network.create(name, width=0.05)
    L = jax.random.uniform(jax.random.key(0), (2, 20, 24, 1), maxval=100.0)
    variables = net.init(jax.random.key(1), L)
    encoded = net.apply(variables, L, method="encode")
    assert encoded.shape[1:3] == (3, 3)
    whole = net.apply(variables, encoded, method="decode")
    np.testing.assert_array_equal(whole[:, :5, :6], net.apply(variables, L))
