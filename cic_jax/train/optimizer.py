"""The optimiser of a run: Adam with weight decay, and the learning rate at each step."""

from typing import Any

import optax
from ml_collections import ConfigDict

from cic_jax.train.config import ConfigError

ENCODER = "encoder"  # the parameters of a pretrained encoder, as `lite.Lite` calls them


def adam(
    learning_rate: float | optax.Schedule,
    weight_decay: float = 1e-3,
    *,
    b1: float = 0.9,
    b2: float = 0.99,
    decoupled: bool = False,
) -> optax.GradientTransformation:
    """Create Adam with weight decay (Kingma and Ba, 2015).

    Args:
        learning_rate: A constant, or a function of the step.
        weight_decay: Coefficient of the decay: if decoupled, the share of each parameter subtracted
            per unit of the learning rate, else the factor of an L2 term in the gradient.
        b1: Decay of the first moment.
        b2: Decay of the second moment.
        decoupled: Decay the parameters directly, as AdamW (Loshchilov and Hutter, 2019), instead
            of through the gradient, as PyTorch's Adam.
    """
    if decoupled:
        return optax.adamw(learning_rate, b1=b1, b2=b2, weight_decay=weight_decay)
    return optax.chain(
        optax.add_decayed_weights(weight_decay), optax.adam(learning_rate, b1=b1, b2=b2)
    )


def build_schedule(config: ConfigDict, total_steps: int) -> optax.Schedule:
    """Return the learning rate as a function of the step; ConfigError for too long a warm-up."""
    rate, train = config.train.learning_rate, config.train
    if train.schedule == "constant":
        return optax.constant_schedule(rate)
    if train.schedule == "drops":
        drops = range(train.drop_steps, total_steps + 1, train.drop_steps)
        return optax.piecewise_constant_schedule(rate, dict.fromkeys(drops, train.drop_factor))
    if train.warmup_steps >= total_steps:
        raise ConfigError(
            f"config.train.warmup_steps must be below the {total_steps} steps of the training; it "
            f"is {train.warmup_steps}: set a smaller one, or more config.train.epochs"
        )
    return optax.warmup_cosine_decay_schedule(0.0, rate, train.warmup_steps, total_steps)


def build_optimizer(config: ConfigDict, total_steps: int) -> optax.GradientTransformation:
    """Create Adam as `config.train` says, with its schedule over `total_steps`.

    The encoder of a network that has one learns at its own rate, or not at all.
    """
    train = config.train
    schedule = build_schedule(config, total_steps)

    def at_rate(factor: float) -> optax.GradientTransformation:
        return adam(
            lambda step: factor * schedule(step),
            train.weight_decay,
            b1=train.b1,
            b2=train.b2,
            decoupled=train.decoupled,
        )

    if train.encoder_rate == 1.0:
        return at_rate(1.0)
    frozen = train.encoder_rate == 0.0
    encoder = optax.set_to_zero() if frozen else at_rate(train.encoder_rate)
    return optax.partition({True: encoder, False: at_rate(1.0)}, _is_encoder)


def _is_encoder(params: dict[str, Any]) -> dict[str, bool]:
    """Label the parameters by whether they are the pretrained encoder's."""
    return {name: name == ENCODER for name in params}
