"""One step of training: pure functions, from one replica's point of view.

Those of evaluation, of `cic_jax.scoring`, are reachable here, too.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jaxtyping import Array, Float, Int, Key, UInt8

from cic_jax import lab
from cic_jax.hints import Hints
from cic_jax.scoring import (
    Compare,
    Downsample,
    Photos,
    downsample,
    eval_step,
    grey_step,
    predict,
    recolour,
)
from cic_jax.target import Target

__all__ = [
    "Augment",
    "Compare",
    "Downsample",
    "Hint",
    "Photos",
    "See",
    "TrainState",
    "averaged",
    "downsample",
    "eval_step",
    "grey_step",
    "init",
    "predict",
    "recolour",
    "train_step",
    "train_steps",
]

Augment = Callable[[Key[Array, ""], Photos], Photos]
# (key, true ab, L) of the cells -> hints, and the ab to learn given them
Hint = Callable[
    [Key[Array, ""], Float[Array, "b h4 w4 2"], Float[Array, "b h4 w4 1"]],
    tuple[Hints, Float[Array, "b h4 w4 2"]],
]
See = Callable[[Key[Array, ""], Photos], Float[Array, "b h w 1"]]

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


def __getattr__(name: str) -> Any:
    # The optimiser is a part of training, which imports this module; its name stays reachable here.
    if name == "adam":
        from cic_jax.train.optimizer import adam

        return adam
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
