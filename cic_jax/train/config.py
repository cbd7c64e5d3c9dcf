"""Validation of a config, and the error that names the key at fault."""

import functools
import math
import operator
from typing import Any

from ml_collections import ConfigDict

from cic_jax import metrics, network


class ConfigError(ValueError):
    """An invalid value in a config; the message names the key."""


CHOICES = {
    "model.network": network.NAMES,
    "model.dtype": ("float32", "bfloat16"),
    "model.convolution": ("auto", "fast", "gpu", "direct"),
    "target.predict": ("bins", "ab"),
    "target.grid": ("cic", "square"),
    "prior.source": ("uniform", "imagenet", "own"),
    "prior.smoothing": ("none", "ab", "index"),
    "train.best_metric": metrics.RANKED,
    "train.schedule": ("constant", "drops", "cosine"),
    "train.init": ("he", "data"),
    "train.output_bias": ("zero", "prior"),
    "train.encoder": ("random", "imagenet"),
}
AT_LEAST = {
    "seed": 0,
    "data.scenes": 1,
    "data.short_side": 0,
    "prior.photographs": 0,
    "target.neighbors": 1,
    "train.batch_size": 1,
    "train.drop_steps": 1,
    "train.learning_rate": 0.0,
    "train.steps_per_dispatch": 0,
    "train.save_every_minutes": 0,
    "train.skip_steps": 0,
    "train.warmup_steps": 0,
    "train.weight_decay": 0.0,
    "train.drop_factor": 0.0,
    "train.encoder_rate": 0.0,
    "colour.temperature": 0.0,
    "colour.tau": 0.0,
    "colour.saturation": 0.0,
    "colour.doubt": 0.0,
}
POSITIVE = ("model.width", "target.sigma", "target.pitch", "train.epochs", "train.evaluate_every")
SHARES = (
    "data.leak",
    "prior.mix",
    "train.hints",
    "train.palettes",
    "train.recolored",
    "train.film",
)
OF_LITE: dict[str, Any] = {
    "train.encoder": "random",
    "train.encoder_rate": 1.0,
    "train.hints": 0,
    "train.palettes": 0,
    "train.recolored": 0,
}
DECAYS = ("train.average", "train.b1", "train.b2")


def check(config: ConfigDict) -> None:
    """Raise ConfigError for the first invalid value of a training."""
    check_evaluation(config)
    size, crop = config.data.size, config.train.crop
    expected = f"a multiple of 8 up to config.data.size = {size}"
    _require(crop % 8 == 0 and 8 <= crop <= size, config, "train.crop", expected)


def check_evaluation(config: ConfigDict) -> None:
    """Raise ConfigError for the first invalid value of an evaluation, which takes no crops."""
    train = config.train
    for key, allowed in CHOICES.items():
        _require(_value(config, key) in allowed, config, key, f"one of {', '.join(allowed)}")
    _require(config.data.size % 8 == 0, config, "data.size", "a multiple of 8")
    for key, least in AT_LEAST.items():
        expected = f"a number, at least {least:g}"
        _require(least <= _value(config, key) < math.inf, config, key, expected)
    for key in POSITIVE:
        _require(0 < _value(config, key) < math.inf, config, key, "a number above 0")
    for key in SHARES:
        _require(0 <= _value(config, key) <= 1, config, key, "a share, 0 to 1")
    _require(0 < train.crop_scale <= 1, config, "train.crop_scale", "above 0, at most 1")
    for key in DECAYS:
        _require(0 <= _value(config, key) < 1, config, key, "a decay, from 0 to below 1")
    if train.output_bias == "prior" and config.target.predict == "ab":
        raise ConfigError("config.train.output_bias=prior is for config.target.predict=bins only")
    if config.model.network != "lite" and not config.model.factory:
        for key, default in OF_LITE.items():
            needed = f"{default} unless config.model.network is lite"
            _require(_value(config, key) == default, config, key, needed)
    if train.encoder == "imagenet" and train.init == "data":
        raise ConfigError(
            "config.train.encoder=imagenet needs config.train.init=he: its scales are set"
        )
    if config.target.grid != "cic" and config.prior.source == "imagenet":
        raise ConfigError("config.prior.source=imagenet is known for config.target.grid=cic only")


def _require(holds: bool, config: ConfigDict, key: str, expected: str) -> None:
    if not holds:
        raise ConfigError(f"config.{key} must be {expected}; it is {_value(config, key)!r}")


def _value(config: ConfigDict, key: str) -> Any:
    """Look up a dotted key."""
    return functools.reduce(operator.getitem, key.split("."), config)
