"""Assembly of a run's pure parts from a config: bins and prior, target, network, optimiser."""

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jaxtyping import Array, Float, UInt8
from ml_collections import ConfigDict

from cic_jax import bins, checkpoint, factory, lab, network, photos, prior
from cic_jax.description import Description
from cic_jax.model import BuildNetwork, BuildTarget, build_target, describe
from cic_jax.step import Augment, Hint, See, downsample
from cic_jax.target import Palette, Target
from cic_jax.train import feed, film, hints, initialise, parallel
from cic_jax.train.config import ConfigError
from cic_jax.train.optimizer import ENCODER, build_optimizer

Batches = Callable[[], Iterable[UInt8[np.ndarray, "b h w 3"]]]
ARGUMENTS = {
    factory.NETWORK: ("config", "outputs", "axis_name"),
    factory.TARGET: ("config", "palette"),
}
BuildPalette = Callable[[ConfigDict, Batches], Palette | None]


class Parts(NamedTuple):
    """The pure parts of a run."""

    palette: Palette | None  # None for the Euclidean model, which has no bins
    target: Target
    network: nn.Module  # with statistics over all replicas
    optimizer: optax.GradientTransformation
    description: Description


class Builders(NamedTuple):
    """The functions that build a run's parts, and the names of those that are the caller's own."""

    palette: BuildPalette
    target: BuildTarget
    network: BuildNetwork
    names: dict[str, str]  # "network", "target" -> "module:function" or `factory.UNNAMED`


def choose(
    config: ConfigDict, palette: BuildPalette, target: BuildTarget, network: BuildNetwork
) -> Builders:
    """Choose the functions that build a run: the arguments, or those that the config names.

    `config.target.factory` and `config.model.factory` are names like 'module:function', which are
    imported. Raises ConfigError for a name that is no function's, or is set along with an argument.
    """
    names: dict[str, str] = {}

    def chosen(kind: str, section: str, given: Callable, built_in: Callable) -> Callable:
        named = config[section].factory
        if given is not built_in:
            if named:
                raise ConfigError(
                    f"config.{section}.factory is {named}, and another function is given as "
                    f"build_{kind}=: leave one of them out"
                )
            names[kind] = factory.name_of(given)
            return given
        if not named:
            return built_in
        names[kind] = named
        try:
            function = factory.resolve(named)
            inspect.signature(function).bind(*ARGUMENTS[kind])
        except factory.FactoryError as error:
            raise ConfigError(f"config.{section}.factory: {error}") from error
        except TypeError as error:
            raise ConfigError(
                f"config.{section}.factory: {named} must take the arguments "
                f"{', '.join(ARGUMENTS[kind])}: {error}"
            ) from error
        return function

    return Builders(
        palette,
        chosen(factory.TARGET, "target", target, build_target),
        chosen(factory.NETWORK, "model", network, build_network),
        names,
    )


def assemble(
    config: ConfigDict, photographs: photos.Photographs, total_steps: int, builders: Builders
) -> Parts:
    """Build every part of a run, and the description that its checkpoints carry.

    `photographs` are read if the prior is their own; `total_steps` is the schedule's length.
    """
    colours = builders.palette(config, partial(feed.prior_batches, config, photographs))
    target = builders.target(config, colours)
    description = describe(
        config.model.network,
        width=config.model.width,
        centers=target.centers,
        palette=colours,
        factories=builders.names,
        config=config.to_dict(),
    )
    return Parts(
        colours,
        target,
        builders.network(config, target.outputs, parallel.AXIS),
        build_optimizer(config, total_steps),
        description,
    )


def palette(config: ConfigDict, photographs: Batches) -> Palette | None:
    """Return bins, prior and class weights; None for the Euclidean model, which has no bins.

    `photographs()` yields batches of the training set; it is called only if they are needed. Raises
    ConfigError for `prior.smoothing=index`, a mistake that only a function of one's own can repeat.
    """
    if config.target.predict == "ab":
        return None
    if config.prior.source == "checkpoint":
        return _of_checkpoint(config)
    if config.prior.smoothing == "index" and config.prior.source != "uniform":
        raise ConfigError(
            "config.prior.smoothing=index repeats a mistake that this function does not make: "
            "train by experiments/train.py, or with a function of your own as palette="
        )
    centers = bins.CENTERS
    if config.target.grid == "square":
        candidates = bins.square(pitch=config.target.pitch)
        centers = bins.occupied(frequencies(photographs(), candidates, 1, 1.0), candidates)
    if config.prior.source == "uniform":
        return Palette(centers, np.full(len(centers), 1 / len(centers), np.float32), None)
    if config.prior.source == "imagenet":
        p = prior.IMAGENET
    else:
        p = frequencies(photographs(), centers, config.target.neighbors, config.target.sigma)
    if config.prior.smoothing == "ab":
        p = prior.smooth(p, centers=centers)
    return Palette(centers, p, prior.class_weights(p, config.prior.mix))


def _of_checkpoint(config: ConfigDict) -> Palette:
    """Return the bins and the prior that a checkpoint was trained with; ConfigError without."""
    start = config.train.init_from
    about = checkpoint.description_of(start)
    if not (about.get("centers") and about.get("prior")):
        raise ConfigError(
            f"config.prior.source=checkpoint: {start} does not know the prior of its training; set "
            "another config.prior.source, such as own"
        )
    p = np.array(about["prior"], np.float32)
    weights = prior.class_weights(p, config.prior.mix)
    return Palette(np.array(about["centers"], np.float32), p, weights)


def frequencies(
    photographs: Iterable[UInt8[np.ndarray, "b h w 3"]],
    centers: Float[np.ndarray, "q 2"],
    neighbors: int,
    sigma: float,
) -> Float[np.ndarray, " q"]:
    """Compute the frequency of each bin in photographs at the targets' resolution (sum 1)."""

    @jax.jit
    def count(batch: UInt8[Array, "b h w 3"]) -> Float[Array, " q"]:
        ab = lab.from_uint8(batch)[..., 1:]
        encoded = bins.encode(downsample(ab), neighbors, sigma, centers)
        return prior.count(encoded, len(centers))

    total = np.sum([np.asarray(count(batch), np.float64) for batch in photographs], axis=0)
    return (total / np.sum(total)).astype(np.float32)


def build_network(config: ConfigDict, outputs: int, axis_name: str | None) -> nn.Module:
    """Build the network as it trains: in the config's dtype, with statistics over all replicas."""
    return network.create(
        config.model.network,
        outputs,
        config.model.width,
        dtype=jnp.dtype(config.model.dtype),
        convolution=config.model.convolution,
        axis_name=axis_name,
        frozen=config.train.encoder_rate == 0.0,
        dropout=float(config.train.dropout),
    )


def draw_hints(config: ConfigDict, target: Target) -> Hint | None:
    """Return the function that draws hints in training; None for a run without."""
    train = config.train
    if target.centers is None or not (train.hints or train.palettes):
        return None
    return partial(
        hints.draw,
        points=train.hints,
        palette=train.palettes,
        recolored=train.recolored,
        centers=target.centers,
    )


def see(config: ConfigDict) -> See | None:
    """Return the function that sees photographs as old film did; None for a run without."""
    return partial(film.see, share=config.train.film) if config.train.film else None


def begin(
    config: ConfigDict,
    network: nn.Module,
    colours: Palette | None,
    variables: dict[str, Any],
    photographs: Callable[[], UInt8[np.ndarray, "b h w 3"]],
    augment: Augment,
) -> dict[str, Any]:
    """Turn random variables into those that training starts from, as `config.train` says.

    Args:
        config: `train.init` and `train.output_bias` choose; `seed` draws the augmentation.
        network: The network, outside of any replicated step.
        colours: Palette, whose prior and class weights give the output's bias.
        variables: Random variables.
        photographs: Returns a batch of the training set, if scales come from data.
        augment: Augmentation of that batch.
    """
    if config.train.encoder == "imagenet":
        encoder = {ENCODER: jax.tree.map(jnp.asarray, initialise.imagenet_encoder())}
        variables = variables | {"params": variables["params"] | encoder}
    if config.train.init == "data":
        crops = augment(jax.random.key(config.seed), jnp.asarray(photographs()))
        lightness = lab.from_uint8(crops)[..., :1]
        variables = initialise.from_data(network, variables, lightness)
    if config.train.output_bias == "prior" and colours is not None:
        bias = initialise.output_bias(colours.prior, colours.class_weights)
        variables = initialise.with_output_bias(variables, bias)
    return variables
