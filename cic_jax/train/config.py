"""Validation of a config, and the error that names the key at fault."""

import functools
import math
import operator
from typing import Any

from ml_collections import ConfigDict

from cic_jax import metrics, network
from cic_jax.description import MAX_WIDTH


class ConfigError(ValueError):
    """An invalid value in a config; the message names the key."""


CHOICES = {
    "model.network": network.NAMES,
    "model.dtype": ("float32", "bfloat16"),
    "model.convolution": ("auto", "fast", "gpu", "direct"),
    "target.predict": ("bins", "ab"),
    "target.grid": ("cic", "square"),
    "prior.source": ("uniform", "imagenet", "own", "checkpoint"),
    "prior.smoothing": ("none", "ab", "index"),
    "train.best_metric": metrics.RANKED,
    "train.schedule": ("constant", "drops", "cosine"),
    "train.init": ("he", "data"),
    "train.output_bias": ("zero", "prior"),
    "train.encoder": ("random", "imagenet"),
}
SEEDS = (0, 2**32 - 1)  # JAX drops the bits above
SHARE = (0, 1)
# Numbers, with the least and the largest value of each.
RANGES: dict[str, tuple[int | float, int | float]] = {
    "seed": SEEDS,
    "data.scenes": (1, 1_000_000),
    "data.seed": SEEDS,
    "data.size": (8, 4096),
    "data.short_side": (0, 100_000),
    "data.leak": SHARE,
    "target.neighbors": (1, 64),
    "target.sigma": (0.1, 1000),
    "target.pitch": (5, 100),  # 5 makes a grid of 2401 bins
    "prior.mix": SHARE,
    "prior.photographs": (0, 10**9),
    "train.batch_size": (1, 65_536),
    "train.film": SHARE,
    "train.crop_scale": (0.1, 1),
    "train.learning_rate": (0, 1000),
    "train.drop_steps": (1, 10**9),
    "train.drop_factor": (0, 10),
    "train.warmup_steps": (0, 10**9),
    "train.weight_decay": (0, 1000),
    "train.encoder_rate": (0, 1000),
    "train.dropout": (0, 0.9),
    "train.hints": SHARE,
    "train.palettes": SHARE,
    "train.recolored": SHARE,
    "train.steps_per_dispatch": (0, 100_000),
    "train.save_every_minutes": (0, 1_000_000),
    "train.skip_steps": (0, 10**9),
    "colour.temperature": (0, 1000),
    "colour.tau": (0, 100),
    "colour.saturation": (0, 100),
    "colour.doubt": (0, 100),
    "colour.unify": SHARE,
}
# Numbers above 0, with the largest value of each.
POSITIVE: dict[str, int] = {
    "model.width": MAX_WIDTH,
    "train.epochs": 1_000_000,
    "train.evaluate_every": 1_000_000,
}
DECAYS = ("train.average", "train.b1", "train.b2")
OF_LITE: dict[str, Any] = {
    "train.encoder": "random",
    "train.encoder_rate": 1.0,
    "train.dropout": 0,
    "train.hints": 0,
    "train.palettes": 0,
    "train.recolored": 0,
}


def check(config: ConfigDict) -> None:
    """Raise ConfigError for the first invalid value of a training."""
    check_evaluation(config)
    expected = f"a multiple of 8 from 8 to config.data.size = {config.data.size}"
    crop = config.train.crop
    is_right = _is_number(crop) and crop % 8 == 0 and 8 <= crop <= config.data.size
    _require(is_right, config, "train.crop", expected)


def check_evaluation(config: ConfigDict) -> None:
    """Raise ConfigError for the first invalid value of an evaluation, which takes no crops."""
    train = config.train
    _require_values(config)
    for key, allowed in CHOICES.items():
        _require(_value(config, key) in allowed, config, key, f"one of {', '.join(allowed)}")
    for key, (least, largest) in RANGES.items():
        _require_number(config, key, least, largest, f"a number from {least} to {largest}")
    for key, largest in POSITIVE.items():
        expected = f"a number above 0, at most {largest}"
        _require_number(config, key, math.nextafter(0, 1), largest, expected)
    for key in DECAYS:
        _require_number(config, key, 0, math.nextafter(1, 0), "a decay, from 0 to below 1")
    _require(config.data.size % 8 == 0, config, "data.size", "a multiple of 8")
    if train.output_bias == "prior" and config.target.predict == "ab":
        raise ConfigError("config.train.output_bias=prior is for config.target.predict=bins only")
    if config.colour.unify and config.target.predict == "ab":
        raise ConfigError("config.colour.unify is for config.target.predict=bins only")
    if (train.hints or train.palettes) and config.target.predict == "ab":
        raise ConfigError("config.train.hints and palettes are for config.target.predict=bins only")
    if config.model.network != "lite" and not config.model.factory:
        for key, default in OF_LITE.items():
            needed = f"{default} unless config.model.network is lite"
            _require(_value(config, key) == default, config, key, needed)
    if train.encoder == "imagenet" and train.init == "data":
        raise ConfigError(
            "config.train.encoder=imagenet needs config.train.init=he: its scales are set"
        )
    if config.prior.source == "checkpoint" and not train.init_from:
        raise ConfigError("config.prior.source=checkpoint needs config.train.init_from to be set")
    if config.target.grid != "cic" and config.prior.source == "imagenet":
        raise ConfigError("config.prior.source=imagenet is known for config.target.grid=cic only")


def _require_values(config: ConfigDict, prefix: str = "config.") -> None:
    for key, value in config.items():
        if value is None:
            raise ConfigError(f"{prefix}{key} must be set; it is None")
        if isinstance(value, ConfigDict):
            _require_values(value, f"{prefix}{key}.")


def _require_number(
    config: ConfigDict, key: str, least: int | float, largest: int | float, expected: str
) -> None:
    value = _value(config, key)
    _require(_is_number(value) and least <= value <= largest, config, key, expected)


def _require(holds: bool, config: ConfigDict, key: str, expected: str) -> None:
    if not holds:
        raise ConfigError(f"config.{key} must be {expected}; it is {_value(config, key)!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(config: ConfigDict, key: str) -> Any:
    """Look up a dotted key."""
    return functools.reduce(operator.getitem, key.split("."), config)
