import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from skimage import data

from cic_jax import lab, loss, network, prior
from cic_jax.train import initialise

PHOTOS = np.stack([data.astronaut(), data.coffee()[:, :512].repeat(2, 0)[:512]])[:, :128, :128]
LIGHTNESS = lab.rgb_to_lab(jnp.asarray(PHOTOS, jnp.float32) / 255)[..., :1]


@pytest.mark.parametrize("name", ["full", "simplified"])
def test_every_hidden_channel_has_mean_0_and_variance_1(name):
    net = network.create(name, outputs=5, width=0.05)
    random = jax.jit(net.init)(jax.random.key(0), LIGHTNESS)
    found = initialise.from_data(net, random, LIGHTNESS)
    before, after = (preactivations(net, variables) for variables in (random, found))
    convolutions = sum(block.convolutions + block.upsample for block in network.NETWORKS[name])
    assert len(after) == convolutions
    for path, values in after.items():
        np.testing.assert_allclose(values.mean((0, 1, 2)), 0, atol=2e-3, err_msg=path)
        np.testing.assert_allclose(values.var((0, 1, 2)), 1, atol=2e-3, err_msg=path)
    assert max(np.abs(values.var((0, 1, 2)) - 1).max() for values in before.values()) > 0.5
    same = jax.tree.map(np.array_equal, random["params"]["out"], found["params"]["out"])
    assert all(same.values())
    assert jax.tree.structure(random) == jax.tree.structure(found)


def preactivations(net, variables):
    _, state = net.apply(
        variables,
        LIGHTNESS,
        train=True,
        mutable=["batch_stats", "intermediates"],
        capture_intermediates=lambda module, _: isinstance(module, network.Convolution),
    )
    leaves = jax.tree.leaves_with_path(state["intermediates"])
    named = {jax.tree_util.keystr(path): np.asarray(x, np.float64) for path, x in leaves}
    return {path: x for path, x in named.items() if "'out'" not in path}


@pytest.mark.parametrize("rebalanced", [False, True])
def test_no_constant_prediction_is_better_than_the_output_bias(rebalanced):
    p = np.array([0.6, 0.25, 0.1, 0.05], np.float32)
    weights = prior.class_weights(p, mix=0.3) if rebalanced else None
    pixels = np.repeat(np.arange(4), (1000 * p).astype(int))[:, None].astype(np.int32)
    encoded = jnp.array(pixels), jnp.ones(pixels.shape)

    def loss_of(bias):
        logits = jnp.broadcast_to(bias, (len(pixels), 4))
        return loss.cross_entropy(logits, encoded, weights)

    bias = initialise.output_bias(p, weights)
    value, gradient = jax.value_and_grad(loss_of)(jnp.asarray(bias))
    np.testing.assert_allclose(gradient, 0, atol=1e-5)
    assert value < loss_of(jnp.zeros(4)) - 0.01
    assert float(np.exp(bias).sum()) == pytest.approx(1, abs=1e-4)


def test_a_bin_that_never_occurs_keeps_a_finite_bias():
    bias = initialise.output_bias(np.array([0.5, 0.5, 0.0], np.float32), None)
    assert np.isfinite(bias).all()
    assert bias[2] < bias[0] - 5


class Other(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return nn.Dense(3)(x)


def test_a_network_of_other_layers_is_refused():
    variables = Other().init(jax.random.key(0), LIGHTNESS)
    with pytest.raises(ValueError, match=r"Other has none: keep config\.train\.init=he"):
        initialise.from_data(Other(), variables, LIGHTNESS)
    with pytest.raises(ValueError, match=r"last layer called 'out'; the network has Dense_0"):
        initialise.with_output_bias(variables, np.zeros(3, np.float32))
