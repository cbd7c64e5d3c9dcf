"""One step of evaluation: colours and scores of a batch, from one replica's point of view."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, UInt8

from cic_jax import inference, lab, read_out
from cic_jax.read_out.unify import shared
from cic_jax.target import Target

Photos = UInt8[Array, "b h w 3"]
Downsample = Callable[[Float[Array, "b h w c"]], Float[Array, "b h4 w4 c"]]
# (sRGB, CIELAB, predicted ab, mask) -> metrics of each photograph; see `cic_jax.metrics.compare`.
Compare = Callable[[Array, Array, Array, Array | None], dict[str, Array]]


def downsample(
    ab: Float[Array, "b h w c"], *, every_fourth: bool = False
) -> Float[Array, "b h4 w4 c"]:
    """Return ab at the network's output resolution: a quarter of the input, in multiples of 4.

    The study interpolates bilinearly between pixel centres: the mean of the middle 2x2 of each 4x4.
    CIC takes every fourth pixel.
    """
    if every_fourth:
        return ab[:, ::4, ::4]
    return (ab[:, 1::4, 1::4] + ab[:, 1::4, 2::4] + ab[:, 2::4, 1::4] + ab[:, 2::4, 2::4]) / 4


def predict(
    variables: Any,
    lightness: Float[Array, "b h w 1"],
    settings: read_out.Settings,
    *,
    network: nn.Module,
    target: Target,
    unify: float = 0.0,
) -> tuple[Float[Array, "b h4 w4 c"], Float[Array, "b h w 2"]]:
    """Compute the network's output, and the ab of every pixel as a user sees it.

    Args:
        variables: Variables of the network.
        lightness: L in [0, 100]; height and width are multiples of 4.
        settings: Settings of the read-out.
        network: L in [0, 100] -> output.
        target: Meaning of the output.
        unify: How much each thing shares one distribution when colours are read out.
    """
    output = inference.infer(network, variables, lightness)
    means = jax.vmap(read_out.means)(lightness)[..., 0]
    shown = shared(output, means, unify)
    ab = jax.vmap(partial(read_out.pixel_ab, target), (0, 0, None))(shown, lightness, settings)
    return output, read_out.fit(lightness, ab)


def recolour(
    variables: Any,
    photos: Photos,
    settings: read_out.Settings,
    *,
    network: nn.Module,
    target: Target,
    unify: float = 0.0,
) -> Photos:
    """Colour photographs from their lightness alone.

    Args:
        variables: Variables of the network.
        photos: Raw pixels; height and width are multiples of 4.
        settings: Settings of the read-out.
        network: L in [0, 100] -> output.
        target: Meaning of the output.
        unify: As in `predict`.
    """
    lightness = jax.vmap(read_out.lightness)(photos)
    _, ab = predict(variables, lightness, settings, network=network, target=target, unify=unify)
    return jax.vmap(read_out.render)(lightness, ab)


def eval_step(
    variables: Any,
    photos: Photos,
    mask: Bool[Array, "b h w"],
    settings: read_out.Settings,
    *,
    network: nn.Module,
    target: Target,
    compare: Compare,
    downsample: Downsample = downsample,
    unify: float = 0.0,
) -> dict[str, Float[Array, " b"]]:
    """Return the loss and every metric of each photograph; pixels outside the mask do not count.

    Args:
        variables: Variables of the network.
        photos: Raw pixels.
        mask: True where a pixel belongs to the photograph.
        settings: Settings of the read-out.
        network: L in [0, 100] -> output.
        target: Meaning of the output, and its loss.
        compare: Function that computes the metrics.
        downsample: As in `train_step`; a cell counts if all pixels that it reads are in the mask.
        unify: As in `predict`.
    """
    rgb = photos.astype(jnp.float32) / 255.0
    pixels = lab.rgb_to_lab(rgb)
    lightness, truth = pixels[..., :1], pixels[..., 1:]
    output, ab = predict(
        variables, lightness, settings, network=network, target=target, unify=unify
    )
    small = downsample(truth)
    inside = downsample(mask[..., None].astype(jnp.float32))[..., 0] == 1.0
    loss = jax.vmap(lambda *one: target.loss(*(x[None] for x in one)))(output, small, inside)
    return {"loss": loss, **compare(rgb, pixels, ab, mask)}


def grey_step(
    photos: Photos, mask: Bool[Array, "b h w"], *, compare: Compare
) -> dict[str, Float[Array, " b"]]:
    """Return the metrics of each photograph left grey: the baseline of every table."""
    rgb = photos.astype(jnp.float32) / 255.0
    pixels = lab.rgb_to_lab(rgb)
    return compare(rgb, pixels, jnp.zeros_like(pixels[..., 1:]), mask)
