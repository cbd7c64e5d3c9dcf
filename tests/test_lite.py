"""The network with a pretrained encoder: what is left out in training is there in use."""

import jax
import jax.numpy as jnp
import numpy as np

from cic_jax.lite import Lite

L = jnp.zeros((1, 32, 32, 1))


class Known(Lite):
    """A decoder of features that are all 1, four channels at each stride."""

    def _encode(self, L):
        return [jnp.ones((1, side, side, 4)) for side in (8, 4, 2, 1)]


def test_dropout_leaves_channels_out_in_training_alone():
    variables = Known(3, 0.05).init(jax.random.key(0), L)
    # The last convolution starts near zero, where no input would be seen.
    variables["params"]["out"]["kernel"] += 1

    def output(dropout, seed, train=True):
        keys = {"dropout": jax.random.key(seed)}
        network = Known(3, 0.05, dropout=dropout)
        return network.apply(variables, L, train=train, rngs=keys, mutable=["batch_stats"])[0]

    np.testing.assert_array_equal(output(0.5, 0, train=False), output(0.0, 0, train=False))
    without = output(0.0, 0)
    assert all(jnp.max(jnp.abs(output(0.5, seed) - without)) > 0.01 for seed in (1, 2))
    assert jnp.max(jnp.abs(output(0.5, 1) - output(0.5, 2))) > 0.01
