"""The network as a module: its two halves."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import network


@pytest.mark.parametrize("name", network.NETWORKS)
def test_the_first_half_ends_at_an_eighth_of_the_resolution(name):
    net = network.create(name, width=0.05)
    L = jax.random.uniform(jax.random.key(0), (2, 20, 24, 1), maxval=100.0)
    variables = jax.jit(net.init)(jax.random.key(1), L)
    encoded = net.apply(variables, L, method="encode")
    assert encoded.shape[1:3] == (3, 3)
    whole = net.apply(variables, encoded, method="decode")
    np.testing.assert_array_equal(whole[:, :5, :6], net.apply(variables, L))


def test_forward_mode_is_that_of_the_direct_engine():
    L = jax.random.uniform(jax.random.key(0), (1, 16, 16, 1), maxval=100.0)
    change = jax.random.normal(jax.random.key(1), L.shape)
    net = network.create("simplified", 4, width=0.05, convolution="direct")
    variables = jax.jit(net.init)(jax.random.key(2), L)

    def total(engine, L):
        return jnp.sum(net.clone(convolution=engine).apply(variables, L) ** 2)

    @jax.jit
    def slopes(L, change):
        _, forward = jax.jvp(partial(total, "direct"), (L,), (change,))
        return forward, jnp.vdot(jax.grad(partial(total, "direct"))(L), change)

    np.testing.assert_allclose(*slopes(L, change), rtol=1e-3)
    for engine in ("fast", "gpu"):
        with pytest.raises(TypeError, match="forward-mode"):
            jax.jit(partial(jax.jvp, partial(total, engine))).lower((L,), (change,))
        # A product with the second derivatives takes the gradient of a gradient instead.
        product = jax.grad(lambda L, e=engine: jnp.vdot(jax.grad(partial(total, e))(L), change))
        assert jax.eval_shape(product, L).shape == L.shape
