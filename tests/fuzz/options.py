"""Configs as the target of fuzzing: every value is refused by its key, or works."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from cic_jax import bins, model, prior, read_out
from cic_jax.configs import default
from cic_jax.train import config as configs
from cic_jax.train.optimizer import build_optimizer

TARGET = model.build(model.describe("simplified"), {}).target
AB = jnp.array([[0.0, 0.0], [100.0, -100.0]])


def check(changes):
    """Every value is refused by its key, or works."""
    config = default.get_config()
    try:
        config.update_from_flattened_dict(changes)
    except TypeError:  # of another type than the default: refused by ml_collections
        return
    try:
        configs.check(config)
        build_optimizer(config, 1000)
    except configs.ConfigError as error:
        said = str(error)
        assert said.startswith("config.")
        assert "\n" not in said
        return
    jax.random.key(config.seed)
    np.random.default_rng(config.seed)
    read_out.require(read_out.from_config(config.colour), TARGET)
    _, shares = bins.encode(AB, config.target.neighbors, config.target.sigma)
    assert np.isfinite(shares).all()
    assert len(bins.square(pitch=config.target.pitch)) < 5000
    assert np.isfinite(prior.class_weights(prior.IMAGENET, config.prior.mix)).all()
    assert 0 < config.train.epochs * config.train.batch_size < math.inf


def leaves(tree, prefix=""):
    """The values of a config by their dotted keys."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def values_like(value):
    """Values that a user could give in the place of a default."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, str):
        return st.text(max_size=6) | st.sampled_from(sorted({*sum(configs.CHOICES.values(), ())}))
    if isinstance(value, tuple):
        return st.lists(st.text(max_size=6), max_size=2).map(tuple)
    whole = st.integers(-3, 400) | st.integers() | st.sampled_from([2**31, 2**32, 2**63, 10**30])
    return whole if isinstance(value, int) else whole.map(float) | st.floats() | st.floats(-1, 2)


CHANGES = [
    st.tuples(st.just(key), values_like(value) | st.none())
    for key, value in leaves(default.get_config().to_dict())
]
