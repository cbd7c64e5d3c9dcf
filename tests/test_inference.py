"""Inference beside the network applied: by groups of photographs, and on batches from the host."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from cic_jax import convolutions, inference, network
from cic_jax.convolutions import schedule

NET = network.create("simplified", width=0.05)
X = np.random.default_rng(0).uniform(0, 100, (5, 24, 32, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def variables():
    return jax.jit(NET.init)(jax.random.key(0), X[:1])


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
@pytest.mark.parametrize("batch", [1, 5])
def test_it_gives_what_the_network_does_however_many_cores_there_are(
    variables, batch, cores, monkeypatch
):
    monkeypatch.setattr(schedule.os, "cpu_count", lambda: cores)
    found = inference.compiled(NET, variables)(X[:batch])
    expected = jax.jit(NET.apply)(variables, X[:batch])
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_parts_keep_their_order_and_what_fails_in_one_is_raised():
    x = np.arange(7.0)[:, None, None, None]
    np.testing.assert_array_equal(convolutions.by_cores(lambda part: 2 * part, x), 2 * x)

    def refuse(part):
        if 6.0 in part:
            raise ValueError("no sixes")
        return part

    with pytest.raises(ValueError, match="no sixes"):
        convolutions.by_cores(refuse, x)


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
    found = inference.infer(net, variables, L)
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
    np.testing.assert_allclose(
        inference.infer(net, variables, L), net.apply(variables, L), rtol=1e-6
    )


def test_the_kernels_of_any_network_are_transformed():
    """Not of `Network` alone: a backbone of one's own is as quick, wherever its layers are."""

    class Residual(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x + network.Convolution(64, engine="fast", name="inner")(x)

    class Backbone(nn.Module):
        @nn.compact
        def __call__(self, L, train=False):
            x = network.Convolution(64, stride=2, engine="fast")(L / 50 - 1)
            x = Residual(name="residual")(x)
            return nn.Dense(5)(x[:, ::2, ::2])

    net, L = Backbone(), random(2, 16, 24)
    variables = net.init(jax.random.key(0), L)
    prepared = inference.prepare(net, variables)
    kernel = prepared["params"]["residual"]["inner"]["kernel"]
    assert isinstance(kernel, convolutions.TransformedKernel)
    found = inference.infer(net, prepared, L)
    np.testing.assert_allclose(found, net.apply(variables, L), atol=1e-4)


def test_the_fast_program_follows_the_quick_one(monkeypatch):
    """Where a shape's photographs have earned it; the results are the same."""
    rows = ({"stride": 2}, {}, {"dilation": 2}, {"upsample": True})
    net = network.Network(tuple(network.Block(1, 64, **row) for row in rows))
    L = np.asarray(random(1, 32, 32))
    variables = jax.jit(net.init)(jax.random.key(1), L)
    monkeypatch.setattr(inference, "EARNED", 0.0)
    forward = inference.immediate(net, variables)
    quick = forward(L)
    forward._compiling.join()
    assert len(forward._ready) == 1
    monkeypatch.setattr(forward, "_quick", None)
    np.testing.assert_allclose(forward(L), quick, atol=1e-5 * np.abs(quick).max())


def test_few_photographs_take_the_quick_program(variables):
    forward = inference.immediate(NET, variables)
    expected = jax.jit(NET.apply)(variables, X[:1])
    for _ in range(2):
        found = forward(X[:1])
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert forward._compiling is None


def test_an_engine_that_was_asked_for_is_kept(variables):
    forward = inference.immediate(NET.clone(convolution="direct"), variables)
    assert not isinstance(forward, inference._Immediate)
