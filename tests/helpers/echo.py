"""A colorizer whose colours follow from the lightness, and what its tests look at."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from cic_jax import Colorizer, lab
from cic_jax import model as models
from cic_jax.target import Target


class Echo(nn.Module):
    """In place of a network: a is L - 50 and b is 50 - L, as means over 4x4 pixels."""

    note: Callable  # called with the shape that is traced

    @nn.compact
    def __call__(self, L, train=False):
        self.note(L.shape)
        mean = jax.lax.reduce_window(L, 0.0, jax.lax.add, (1, 4, 4, 1), (1, 4, 4, 1), "VALID") / 16
        return jnp.concatenate([mean - 50, 50 - mean], axis=-1)


def echo_colorizer(size=64):
    shapes: list = []
    target = Target(2, None, lambda output, temperature: output, None)
    colorizer = Colorizer(models.Model(Echo(shapes.append), {}, target, {"config": {}}), size)
    shapes.clear()
    return colorizer, shapes


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def to_lab(rgb):
    return np.asarray(jax.jit(lab.rgb_to_lab)(rgb / np.float32(255)))
