"""From a config to the pure parts of an experiment: bins, prior, target, network, optimiser."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jaxtyping import Array, Float, UInt8
from ml_collections import ConfigDict

from cic_jax import bins, lab, metrics, network, prior, target
from cic_jax import model as models
from cic_jax import step as steps
from cic_jax.train import crop, initialise

Photos = UInt8[np.ndarray, "b h w 3"]


class ConfigError(ValueError):
    """A config asks for something that does not exist; the message names the key."""


CHOICES = {
    "model.network": tuple(network.NETWORKS),
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
}
# Options that came later than some runs, and what those runs did.
ADDED = {
    "data.leak": 0.0,
    "train.init": "he",
    "train.output_bias": "zero",
    "train.crop_scale": 1.0,
    "train.average": 0.0,
}


def check(config: ConfigDict) -> None:
    """Raise ConfigError for a value that no part of an experiment can act on."""
    for key, allowed in CHOICES.items():
        section, name = key.split(".")
        if (value := config[section][name]) not in allowed:
            raise ConfigError(f"config.{key} must be one of {', '.join(allowed)}; it is {value!r}")
    if config.train.crop % 8 or not 8 <= config.train.crop <= config.data.size:
        raise ConfigError(
            f"config.train.crop must be a multiple of 8 up to config.data.size = "
            f"{config.data.size}; it is {config.train.crop}"
        )
    if config.data.size % 8:
        raise ConfigError(f"config.data.size must be a multiple of 8; it is {config.data.size}")
    if not 0 <= config.data.leak <= 1:
        raise ConfigError(f"config.data.leak must be a share, 0 to 1; it is {config.data.leak}")
    if not 0 < config.train.crop_scale <= 1:
        raise ConfigError(
            f"config.train.crop_scale must be above 0, at most 1; it is {config.train.crop_scale}"
        )
    if not 0 <= config.train.average < 1:
        raise ConfigError(
            f"config.train.average must be a decay below 1, or 0 for no average; it is "
            f"{config.train.average}"
        )
    if config.train.output_bias == "prior" and config.target.predict == "ab":
        raise ConfigError("config.train.output_bias=prior is for config.target.predict=bins only")
    if config.target.grid != "cic" and config.prior.source == "imagenet":
        raise ConfigError("config.prior.source=imagenet is known for config.target.grid=cic only")


class Palette(NamedTuple):
    """The bins of an experiment, how often each occurs, and what a mistake in each weighs."""

    centers: Float[np.ndarray, "q 2"]
    prior: Float[np.ndarray, " q"]
    class_weights: Float[np.ndarray, " q"] | None


def palette(config: ConfigDict, photos: Callable[[], Iterable[Photos]]) -> Palette | None:
    """Bins, prior and weights; `photos()` gives batches of the training set where it is asked.

    None for the Euclidean model, which has no bins.
    """
    if config.target.predict == "ab":
        return None
    centers = bins.CENTERS
    if config.target.grid == "square":
        candidates = bins.square(pitch=config.target.pitch)
        centers = bins.occupied(frequencies(photos(), candidates, 1, 1.0), candidates)
    if config.prior.source == "uniform":
        return Palette(centers, np.full(len(centers), 1 / len(centers), np.float32), None)
    if config.prior.source == "imagenet":
        p = prior.IMAGENET
    else:
        p = frequencies(photos(), centers, config.target.neighbors, config.target.sigma)
    if config.prior.smoothing == "ab":
        p = prior.smooth(p, centers=centers)
    elif config.prior.smoothing == "index":
        p = prior.smooth_along_index(p)
    return Palette(centers, p, prior.class_weights(p, config.prior.mix))


def remembered_palette(config: ConfigDict, description: dict[str, Any]) -> Palette | None:
    """The bins, prior and weights that a model was trained with, from its description."""
    if description["centers"] is None:
        return None
    p = np.asarray(description["prior"], np.float32)
    uniform = config.prior.source == "uniform"
    weights = None if uniform else prior.class_weights(p, config.prior.mix)
    return Palette(np.asarray(description["centers"], np.float32), p, weights)


def frequencies(
    photos: Iterable[Photos], centers: Float[np.ndarray, "q 2"], neighbors: int, sigma: float
) -> Float[np.ndarray, " q"]:
    """How often each bin occurs in photographs, at the resolution of the targets (sum 1)."""

    @jax.jit
    def count(batch: UInt8[Array, "b h w 3"]) -> Float[Array, " q"]:
        ab = lab.rgb_to_lab(batch.astype(jnp.float32) / 255.0)[..., 1:]
        encoded = bins.encode(steps.downsample(ab), neighbors, sigma, centers)
        return prior.count(encoded, len(centers))

    total = np.sum([np.asarray(count(batch), np.float64) for batch in photos], axis=0)
    return (total / np.sum(total)).astype(np.float32)


def build_target(config: ConfigDict, colours: Palette | None) -> target.Target:
    """What the network learns to predict."""
    if colours is None:
        return target.regression()
    return target.distribution(
        colours.centers,
        colours.class_weights,
        neighbors=config.target.neighbors,
        sigma=config.target.sigma,
        skip_grey=config.target.skip_grey,
    )


def build_network(config: ConfigDict, outputs: int, axis_name: str | None) -> nn.Module:
    """The network as it trains: computing in the config's dtype, statistics over all replicas."""
    return network.create(
        config.model.network,
        outputs,
        config.model.width,
        dtype=jnp.dtype(config.model.dtype),
        convolution=config.model.convolution,
        axis_name=axis_name,
    )


def begin(
    config: ConfigDict,
    built: nn.Module,
    colours: Palette | None,
    variables: dict[str, Any],
    photos: Callable[[], Photos],
) -> dict[str, Any]:
    """Random variables -> those that training starts from, as `config.train` says.

    `photos()` gives a batch of the training set where the scales are to come from data.
    """
    train = config.train
    if train.init == "data":
        key = jax.random.key(config.seed)
        crops = crop.random_crop(key, jnp.asarray(photos()), train.crop, train.crop_scale)
        lightness = lab.rgb_to_lab(crops.astype(jnp.float32) / 255.0)[..., :1]
        variables = initialise.from_data(built, variables, lightness)
    if train.output_bias == "prior" and colours is not None:
        bias = initialise.output_bias(colours.prior, colours.class_weights)
        variables = initialise.with_output_bias(variables, bias)
    return variables


def build_schedule(config: ConfigDict, total_steps: int) -> optax.Schedule:
    """The learning rate at each step."""
    rate, train = config.train.learning_rate, config.train
    if train.schedule == "constant":
        return optax.constant_schedule(rate)
    if train.schedule == "drops":
        drops = range(train.drop_steps, total_steps + 1, train.drop_steps)
        return optax.piecewise_constant_schedule(rate, dict.fromkeys(drops, train.drop_factor))
    if train.warmup_steps >= total_steps:
        raise ConfigError(
            f"config.train.warmup_steps must be below the {total_steps} steps of the training; it "
            f"is {train.warmup_steps}"
        )
    return optax.warmup_cosine_decay_schedule(0.0, rate, train.warmup_steps, total_steps)


def build_optimizer(config: ConfigDict, total_steps: int) -> optax.GradientTransformation:
    """Adam with weight decay, at the config's schedule."""
    train = config.train
    return steps.adam(
        build_schedule(config, total_steps),
        train.weight_decay,
        b1=train.b1,
        b2=train.b2,
        decoupled=train.decoupled,
    )


def describe(config: ConfigDict, colours: Palette | None) -> dict[str, Any]:
    """What a checkpoint says of the model: enough to rebuild it, and the whole config."""
    return models.describe(
        config.model.network,
        width=config.model.width,
        centers=None if colours is None else colours.centers,
        config=config.to_dict(),
    ) | {"prior": None if colours is None else colours.prior.tolist()}
