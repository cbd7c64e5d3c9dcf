"""The forward pass on batches from the host, beside the network's own."""

import jax
import numpy as np
import pytest

from cic_jax import convolution, inference, network

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
    monkeypatch.setattr(convolution.os, "cpu_count", lambda: cores)
    found = inference.compiled(NET, variables)(X[:batch])
    expected = jax.jit(NET.apply)(variables, X[:batch])
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_parts_keep_their_order_and_what_fails_in_one_is_raised():
    x = np.arange(7.0)[:, None, None, None]
    np.testing.assert_array_equal(convolution.by_cores(lambda part: 2 * part, x), 2 * x)

    def refuse(part):
        if 6.0 in part:
            raise ValueError("no sixes")
        return part

    with pytest.raises(ValueError, match="no sixes"):
        convolution.by_cores(refuse, x)
