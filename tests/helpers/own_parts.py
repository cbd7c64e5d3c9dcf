"""A network and targets of a user's own, as README and docs show them."""

from functools import partial

import jax.numpy as jnp
from flax import linen as nn

from cic_jax import bins, loss, target


class Patches(nn.Module):
    outputs: int

    @nn.compact
    def __call__(self, L, train=False):
        x = nn.gelu(nn.Conv(8, (4, 4), strides=(4, 4))(L / 50 - 1))
        x = x + nn.gelu(nn.Conv(8, (3, 3))(nn.LayerNorm()(x)))
        return nn.Dense(self.outputs)(x)


def patches(config, outputs, axis_name):
    """Another network, without batch normalisation."""
    return Patches(outputs)


def expected_distance(config, palette):
    """Another loss over the published bins."""

    def distance(output, ab, mask=None):
        between = jnp.linalg.norm(bins.CENTERS - ab[..., None, :], axis=-1)
        return jnp.mean(jnp.sum(bins.distribution(output) * between, axis=-1))

    return target.distribution()._replace(loss=distance)


def fine(config, palette):
    """More bins, of half the pitch."""
    return classification(bins.square(limit=110.0, pitch=5.0), neighbors=12, sigma=2.5)


def turned(config, palette):
    """As many bins as the published ones, but others."""
    return classification(-bins.CENTERS, neighbors=5, sigma=5.0)


def classification(centers, neighbors, sigma):
    def cross_entropy(output, ab, mask=None):
        encoded = bins.encode(ab, neighbors, sigma, centers)
        return loss.cross_entropy(output, encoded, mask=mask)

    return target.Target(
        len(centers), cross_entropy, partial(bins.decode, centers=centers), centers
    )
