import importlib
import json
import pkgutil
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import bins, configs, model, prior
from cic_jax.configs import default
from cic_jax.train import build
from cic_jax.train.config import ConfigError, check
from cic_jax.train.crop import random_crop
from cic_jax.train.optimizer import build_schedule

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
# Options that came later than some runs, and what those runs did.
ADDED = {
    "data.leak": 0.0,
    "model.factory": "",
    "target.factory": "",
    "train.init": "he",
    "train.output_bias": "zero",
    "train.crop_scale": 1.0,
    "train.average": 0.0,
}
NAMES = [m.name for m in pkgutil.iter_modules(configs.__path__)]


def photos():
    return iter([PHOTOS[:3], PHOTOS[3:]])


@pytest.mark.parametrize("name", NAMES)
def test_every_config_is_accepted(name):
    check(importlib.import_module(f"cic_jax.configs.{name}").get_config())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.network", "huge"),
        ("target.predict", "colour"),
        ("train.crop", 300),
        ("train.crop", 100),
        ("data.size", 250),
        ("train.schedule", "linear"),
        ("train.best_metric", "lose"),
        ("train.init", "zeros"),
        ("train.average", 1.0),
        ("train.b1", float("nan")),
        ("train.b2", 1.5),
        ("train.drop_factor", -1.0),
        ("prior.mix", 1.5),
        ("train.crop_scale", 0.0),
        ("seed", 2**32),
        ("target.pitch", 0.01),
        ("target.neighbors", 10**6),
        ("model.width", 1e6),
        ("train.epochs", -1.0),
        ("train.batch_size", None),
        ("train.crop", None),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(key, value):
    config = default.get_config()
    config.update_from_flattened_dict({key: value})
    with pytest.raises(ConfigError, match=rf"config\.{key} .*{value}"):
        check(config)


def numeric_keys(config, prefix=""):
    for key, value in config.items():
        if isinstance(value, dict):
            yield from numeric_keys(value, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{key}"


def test_every_number_has_its_range():
    for key in numeric_keys(default.get_config().to_dict()):
        for value in (-1, float("nan"), float("inf"), 10**30, None):
            config = default.get_config()
            try:
                config.update_from_flattened_dict({key: value})
            except TypeError:  # no whole number
                continue
            with pytest.raises(ConfigError, match=rf"^config\.{key} must be .*; it is \S+$"):
                check(config)


def test_unknown_keys_and_types_are_refused():
    config = default.get_config()
    config.lock()
    with pytest.raises(AttributeError, match="epoch"):
        config.train.epoch = 3
    with pytest.raises(TypeError, match="batch_size"):
        config.train.batch_size = "many"


def test_own_prior_is_the_frequency_of_the_bins():
    config = default.get_config()
    config.prior.smoothing = "none"
    config.target.neighbors = 1
    found = build.palette(config, photos)
    lab = model_lab(PHOTOS)
    middle = lab.reshape(4, 8, 4, 8, 4, 3)[:, :, 1:3, :, 1:3].mean(axis=(2, 4))[..., 1:]
    distance = ((middle[..., None, :] - bins.CENTERS) ** 2).sum(-1)
    counts = np.bincount(distance.argmin(-1).ravel(), minlength=313)
    np.testing.assert_allclose(found.prior, counts / counts.sum(), atol=2e-3)
    np.testing.assert_allclose((found.prior * found.class_weights).sum(), 1, rtol=1e-4)


def model_lab(rgb):
    from skimage.color import rgb2lab

    return rgb2lab(rgb / 255.0)


def test_priors_of_the_study():
    config = default.get_config()
    config.prior.source = "uniform"
    assert build.palette(config, photos).class_weights is None
    config.prior.source = "imagenet"
    smoothed = build.palette(config, photos)
    np.testing.assert_allclose(smoothed.prior, prior.smooth(prior.IMAGENET), rtol=1e-5)
    config.target.predict = "ab"
    assert build.palette(config, photos) is None
    assert build.build_target(config, None).outputs == 2


@pytest.mark.parametrize("pitch", [10.0, 20.0])
def test_the_studys_own_grid_is_masked_by_what_occurs(pitch):
    config = default.get_config()
    config.target.grid = "square"
    config.target.pitch = pitch
    found = build.palette(config, photos)
    assert 1 < len(found.centers) < len(bins.square(pitch=pitch))
    assert (found.centers % pitch == 0).all()
    target = build.build_target(config, found)
    assert target.outputs == len(found.centers)
    described = description(config, found)
    np.testing.assert_array_equal(model.build(described, {}).target.centers, found.centers)
    again = model.palette(described)
    jax.tree.map(np.testing.assert_array_equal, again, found)
    for key in ("class_weights", "factories"):  # as earlier versions described it
        del described[key]
    jax.tree.map(np.testing.assert_array_equal, model.palette(described), found)


def description(config, colours):
    """Describe a model of this palette, as read back from a file."""
    described = model.describe(
        config.model.network, centers=colours.centers, palette=colours, config=config.to_dict()
    )
    return json.loads(json.dumps(described))


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", {0: 1.0, 50: 1.0, 99: 1.0}),
        ("drops", {0: 1.0, 29: 1.0, 31: 0.316, 61: 0.316**2}),
        ("cosine", {0: 0.0, 5: 0.5, 10: 1.0, 55: 0.5, 100: 0.0}),
    ],
)
def test_schedules(schedule, rates):
    config = default.get_config()
    config.train.update(
        learning_rate=1.0, schedule=schedule, drop_steps=30, drop_factor=0.316, warmup_steps=10
    )
    built = build_schedule(config, 100)
    for at, rate in rates.items():
        assert float(built(at)) == pytest.approx(rate, abs=1e-6)


def test_options_added_later_default_to_what_runs_did_before():
    config = default.get_config()
    for key, before in ADDED.items():
        section, name = key.split(".")
        assert config[section][name] == before


def test_an_output_bias_needs_bins():
    config = default.get_config()
    config.target.predict = "ab"
    config.train.output_bias = "prior"
    with pytest.raises(ConfigError, match=r"config\.train\.output_bias=prior .*bins only"):
        check(config)


def test_only_bins_can_be_shared_by_a_thing():
    config = default.get_config()
    config.target.predict = "ab"
    config.colour.unify = 0.5
    with pytest.raises(ConfigError, match=r"config\.colour\.unify .*bins only"):
        check(config)


def test_training_begins_as_the_config_says():
    config = default.get_config()
    config.model.update(width=0.05, network="simplified")
    config.train.crop = 24
    colours = build.palette(config, photos)
    net = build.build_network(config, 313, None)
    random = jax.jit(net.init)(jax.random.key(0), jnp.zeros((1, 16, 16, 1)))

    def begun():
        augment = partial(random_crop, size=config.train.crop)
        return build.begin(config, net, colours, random, lambda: PHOTOS, augment)["params"]

    assert begun() is random["params"]
    config.train.output_bias = "prior"
    best = np.log(colours.prior * colours.class_weights)
    usual = best > -12  # the others start no lower than that, about
    np.testing.assert_allclose(begun()["out"]["bias"][usual], best[usual], atol=1e-4)
    config.train.init = "data"
    assert (
        begun()["block1"]["conv1"]["kernel"] != random["params"]["block1"]["conv1"]["kernel"]
    ).all()


def test_a_warm_up_longer_than_the_training_is_refused():
    config = default.get_config()
    config.train.update(schedule="cosine", warmup_steps=100)
    with pytest.raises(ConfigError, match=r"below the 80 steps .* is 100"):
        build_schedule(config, 80)


def test_compute_in_bfloat16_keeps_parameters_float32():
    config = default.get_config()
    config.model.update(dtype="bfloat16", width=0.05, network="simplified")
    built = build.build_network(config, 2, None)
    lightness = np.zeros((1, 16, 16, 1), np.float32)
    variables = jax.eval_shape(built.init, jax.random.key(0), lightness)
    assert {x.dtype.name for x in jax.tree.leaves(variables)} == {"float32"}
    assert jax.eval_shape(built.apply, variables, lightness).dtype == "float32"


@pytest.mark.parametrize("section", ["model", "target"])
def test_a_factory_that_takes_other_arguments_is_named(section):
    config = default.get_config()
    config[section].factory = "os:getcwd"
    with pytest.raises(ConfigError, match=rf"config\.{section}\.factory: os:getcwd must take the"):
        build.choose(config, build.palette, build.build_target, build.build_network)


@pytest.mark.parametrize("key", ["hints", "palettes"])
def test_hints_without_bins_are_refused(key):
    config = default.get_config()
    config.model.network, config.target.predict = "lite", "ab"
    config.train[key] = 0.5
    with pytest.raises(ConfigError, match=r"are for config\.target\.predict=bins only"):
        check(config)
