"""Models small enough to colour in milliseconds."""

import jax
import numpy as np

from cic_jax import model as models


def tiny_model(gain=1.0, **options):
    """A network of random weights; `gain` makes its colours strong."""
    description = models.describe("simplified", width=0.05, **options)
    rng = np.random.default_rng(0)

    def random(path, shape):
        name = path[-1].key
        if name == "kernel":
            return rng.normal(0, (2 / np.prod(shape.shape[:3])) ** 0.5, shape.shape)
        return np.full(shape.shape, float(name in ("scale", "var")))

    variables = jax.tree.map_with_path(random, models.shapes(description))
    variables = jax.tree.map(np.float32, variables)
    variables["params"]["out"]["kernel"] *= gain
    return models.build(description, variables)


def tiny_lite(gain=30.0):
    """A network that takes hints, of random weights; they reach its output."""
    description = models.describe("lite", width=0.05)
    network = models.build(description, {}).network
    variables = jax.jit(network.init)(jax.random.key(0), np.zeros((1, 32, 32, 1), np.float32))
    variables = jax.tree.map(np.array, variables)
    variables["params"]["out"]["kernel"] *= gain
    variables["params"]["attention"]["answer"] *= gain
    return models.build(description, variables)
