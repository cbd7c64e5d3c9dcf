"""Losses between a prediction and the true colour, as means over pixels."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from cic_jax import expected

AB_SCALE = 110.0  # the Euclidean network predicts ab / 110
GREY = 5.0  # |a| or |b| above this is colour, for the grey mask


def cross_entropy(
    logits: Float[Array, "*b q"],
    encoded: tuple[Int[Array, "*b k"], Float[Array, "*b k"]],
    class_weights: Float[Array, " q"] | Float[np.ndarray, " q"] | None = None,
    mask: Float[Array, "*b"] | Bool[Array, "*b"] | None = None,
) -> Float[Array, ""]:
    """Compute the cross-entropy with a sparse soft target, rebalanced where weights are given.

    Per pixel -v(Z) sum_q Z_q log softmax(logits)_q with v(Z) = w[argmax Z] (CIC, equations 2 and
    3), or 1 without weights. `encoded` comes from `bins.encode`: nearest first, so its first
    index is the argmax. As the target's weights sum to 1, this is the log-sum-exp less k gathered
    logits. `mask` weighs the pixels in the mean; an all-zero mask gives 0. Raises TypeError for
    integers, and ValueError where shapes disagree; an index beyond the logits gives NaN.
    """
    indices, target = encoded
    logits = expected.floats(
        "logits", logits, None if class_weights is None else len(class_weights)
    )
    expected.same_shape(
        "indices", indices[..., 0], logits.shape[:-1], "logits without their last axis"
    )
    expected.same_shape("weights of the encoding", target, indices.shape, "its indices")
    loss = jax.nn.logsumexp(logits, axis=-1) - jnp.sum(target * _gather(logits, indices), axis=-1)
    if class_weights is not None:
        loss = loss * jnp.asarray(class_weights)[indices[..., 0]]
    return _mean(loss, mask)


def euclidean(
    prediction: Float[Array, "*b 2"],
    ab: Float[Array, "*b 2"],
    mask: Float[Array, "*b"] | Bool[Array, "*b"] | None = None,
) -> Float[Array, ""]:
    """Compute the mean squared error of a prediction of ab / 110 (CIC, equation 1).

    Raises TypeError for integers, and ValueError where shapes disagree.
    """
    prediction, ab = expected.floats("prediction", prediction, 2), expected.floats("ab", ab, 2)
    expected.same_shape("prediction", prediction, ab.shape, "ab")
    error = jnp.mean((prediction - ab / AB_SCALE) ** 2, axis=-1)
    return _mean(error, mask)


def grey_mask(ab: Float[Array, "b h w 2"]) -> Float[Array, "b h w"]:
    """Mask grey images, as CIC's code skips them: 0 where no |a| or |b| of an image exceeds 5.

    As a factor of `mask` it leaves grey images out of the mean. CIC's code still divides by their
    pixels too: that is this mean times the mean of the grey mask.
    """
    ab = expected.floats("ab", ab, 2, "b h w 2")
    colored = jnp.any(jnp.abs(ab) > GREY, axis=(1, 2, 3))
    return jnp.broadcast_to(colored[:, None, None], ab.shape[:3]).astype(ab.dtype)


@jax.custom_jvp
def _gather(logits: Float[Array, "*b q"], indices: Int[Array, "*b k"]) -> Float[Array, "*b k"]:
    """Gather the logits at `indices`.

    Its derivative is written with comparisons, whose transpose, a sum of selections, XLA fuses with
    the gradient of the softmax; a gather's own transpose would scatter into a separate array.
    """
    return jnp.take_along_axis(logits, indices, axis=-1)


@_gather.defjvp
def _gather_derivative(
    primals: tuple[Array, Array], tangents: tuple[Array, Any]
) -> tuple[Array, Array]:
    (logits, indices), (change, _) = primals, tangents
    bins = jnp.arange(logits.shape[-1])
    changes = [
        jnp.sum(jnp.where(bins == indices[..., i, None], change, 0.0), axis=-1)
        for i in range(indices.shape[-1])
    ]
    return _gather(logits, indices), jnp.stack(changes, axis=-1)


def _mean(
    loss: Float[Array, "*b"], mask: Float[Array, "*b"] | Bool[Array, "*b"] | None
) -> Float[Array, ""]:
    if mask is None:
        return jnp.mean(loss)
    expected.same_shape("mask", mask, loss.shape, "the pixels")
    mask = mask.astype(loss.dtype)
    return jnp.sum(loss * mask) / jnp.maximum(jnp.sum(mask), 1e-12)
