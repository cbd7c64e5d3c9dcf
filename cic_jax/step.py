"""One step of training and of evaluation: pure functions, from one replica's point of view."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from cic_jax import inference, lab, read_out
from cic_jax.hints import Hints
from cic_jax.read_out.unify import shared
from cic_jax.target import Target

Photos = UInt8[Array, "b h w 3"]
Augment = Callable[[Key[Array, ""], Photos], Photos]
# (key, true ab, L) of the cells -> hints, and the ab to learn given them
Hint = Callable[
    [Key[Array, ""], Float[Array, "b h4 w4 2"], Float[Array, "b h4 w4 1"]],
    tuple[Hints, Float[Array, "b h4 w4 2"]],
]
See = Callable[[Key[Array, ""], Photos], Float[Array, "b h w 1"]]
Downsample = Callable[[Float[Array, "b h w c"]], Float[Array, "b h4 w4 c"]]
# (sRGB, CIELAB, predicted ab, mask) -> metrics of each photograph; see `cic_jax.metrics.compare`.
Compare = Callable[[Array, Array, Array, Array | None], dict[str, Array]]

HINTS, FILM, DROPOUT = 1, 2, 3  # folded into a step's key, which itself draws the augmentation


class TrainState(NamedTuple):
    """State that training updates; `average` is None if no average is kept."""

    step: Int[Array, ""] | Int[np.ndarray, ""]
    params: Any
    batch_stats: Any
    optimizer: optax.OptState
    average: Any = None  # mean of params and batch_stats over the steps

    @property
    def trained(self) -> dict[str, Any]:
        """Variables after the last step."""
        return {"params": self.params, "batch_stats": self.batch_stats}

    @property
    def variables(self) -> dict[str, Any]:
        """Variables of the model: the average if one is kept, else those after the last step."""
        return self.trained if self.average is None else self.average


def init(
    key: Key[Array, ""], network: nn.Module, optimizer: optax.GradientTransformation
) -> TrainState:
    """Return a fresh state; the parameters depend on the key alone."""
    variables = jax.jit(network.init)(key, jnp.zeros((1, 32, 32, 1)))
    params, statistics = variables["params"], variables.get("batch_stats", {})
    return TrainState(jnp.array(0), params, statistics, optimizer.init(params))


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


def train_step(
    state: TrainState,
    photos: Photos,
    key: Key[Array, ""],
    *,
    network: nn.Module,
    target: Target,
    optimizer: optax.GradientTransformation,
    augment: Augment,
    downsample: Downsample = downsample,
    hint: Hint | None = None,
    see: See | None = None,
    average: float = 0.0,
    axis_name: str | None = None,
    with_norm: bool = False,
) -> tuple[TrainState, Float[Array, ""] | Float[Array, "2"]]:
    """Take one step on a batch; return the next state, and the loss before the update.

    Everything from the raw pixels on happens here: augmentation, Lab, encoding, loss.

    Args:
        state: State to update, with its average if it keeps one.
        photos: Raw pixels.
        key: Random key, the same for every step: the step's number is folded into it.
        network: L in [0, 100] -> output; applied with `train=True`.
        target: Meaning of the output, and its loss.
        optimizer: Optimiser whose state is `state.optimizer`.
        augment: Augmentation of the photographs, such as `train.crop.random_crop`.
        downsample: Map from the ab of pixels to the ab of the network's cells.
        hint: Draws hints from the true colours, for a network that takes them, and may change what
            is to be learnt.
        see: Computes the lightness that the network sees in place of L, such as `train.film.see`.
        average: Decay of the average.
        axis_name: Axis of the replicas over which gradients and loss are averaged; each replica
            augments with its own key. None without replicas.
        with_norm: Return [loss, Euclidean norm of the gradient] in place of the loss.
    """
    key = jax.random.fold_in(key, state.step)
    if axis_name is not None:
        key = jax.random.fold_in(key, jax.lax.axis_index(axis_name))
    cut = augment(key, photos)
    pixels = lab.from_uint8(cut)
    L = pixels[..., :1] if see is None else see(jax.random.fold_in(key, FILM), cut)
    ab = downsample(pixels[..., 1:])
    hints: Any = {}
    if hint is not None:
        small = downsample(pixels[..., :1])
        hints["hints"], ab = hint(jax.random.fold_in(key, HINTS), ab, small)

    keys = {"dropout": jax.random.fold_in(key, DROPOUT)}

    def loss_of(params):
        variables = state.trained | {"params": params}
        output, updated = network.apply(
            variables, L, train=True, mutable=["batch_stats"], rngs=keys, **hints
        )
        return target.loss(output, ab), updated.get("batch_stats", {})

    (loss, batch_stats), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.params)
    if axis_name is not None:
        loss, gradient = jax.lax.pmean((loss, gradient), axis_name)
    updates, moments = optimizer.update(gradient, state.optimizer, state.params)
    params = optax.apply_updates(state.params, updates)
    after = TrainState(state.step + 1, params, batch_stats, moments)
    if state.average is not None:
        after = after._replace(average=averaged(state.average, after, average))
    return after, jnp.stack([loss, optax.tree.norm(gradient)]) if with_norm else loss


def averaged(average: Any, after: TrainState, decay: float) -> Any:
    """Return the exponentially weighted mean of the variables after each step so far.

    After step t, step i has a weight proportional to decay^(t - i), and all weights sum to 1: the
    initial variables have none (as in Adam's moments: Kingma and Ba, 2015, section 3). The running
    statistics of normalisation are averaged like the parameters.
    """
    share = (1 - decay) / -jnp.expm1(after.step * math.log(decay))
    return optax.incremental_update(after.trained, average, share)


def train_steps(
    state: TrainState,
    photos: UInt8[Array, "n h w 3"],
    rows: Int[Array, "steps b"],
    key: Key[Array, ""],
    *,
    step: Callable,
) -> tuple[TrainState, Float[Array, " steps"] | Float[Array, "steps 2"]]:
    """Take several steps in one dispatch, on photographs that stay on the device.

    Args:
        state: State to update.
        photos: All photographs, raw pixels.
        rows: Rows of `photos` in each step's batch.
        key: Random key, as in `train_step`.
        step: `train_step` with its options.
    """

    def body(state, batch):
        return step(state, photos[batch], key)

    return jax.lax.scan(body, state, rows)


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


def __getattr__(name: str) -> Any:
    # The optimiser is a part of training, which imports this module; its name stays reachable here.
    if name == "adam":
        from cic_jax.train.optimizer import adam

        return adam
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
