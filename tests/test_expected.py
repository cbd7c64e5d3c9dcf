"""What the method's functions say of arrays of another shape or type."""

import inspect
import re
from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import bins, lab, loss, metrics, prior, target


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


def plain(function):
    """The function itself: where types are checked, as in tests, a call would not reach it."""
    return inspect.unwrap(function)


encoded = (zeros(2, 4, 5, dtype=np.int32), zeros(2, 4, 5))
cross_entropy, rmse = plain(loss.cross_entropy), plain(metrics.rmse)
SHAPES = {
    "colours: expected the shape '... 3', got (4,)": partial(plain(lab.lab_to_rgb), zeros(4)),
    "ab: expected the shape '... 2', got (4, 3)": partial(plain(bins.encode), zeros(4, 3)),
    "logits: expected the shape '... 313', got (4, 312)": partial(
        plain(bins.decode), zeros(4, 312)
    ),
    "p: expected the shape (313,), as the list of bins has it, got (312,)": partial(
        plain(prior.smooth), zeros(312)
    ),
    "logits: expected the shape '... 313', got (312,)": partial(
        plain(prior.adjust), zeros(312), prior.IMAGENET, 1.0
    ),
    "logits: expected the shape '... 313', got (2, 4, 312)": partial(
        cross_entropy, zeros(2, 4, 312), encoded, prior.IMAGENET
    ),
    "indices: expected the shape (2, 5), as logits without": partial(
        cross_entropy, zeros(2, 5, 313), encoded
    ),
    "mask: expected the shape (2, 4), as the pixels": partial(
        plain(loss._mean), zeros(2, 4), zeros(4)
    ),
    "prediction: expected the shape '... 2', got (4, 1)": partial(
        plain(loss.euclidean), zeros(4, 1), zeros(4, 2)
    ),
    "prediction: expected the shape (4, 2), as ab has it, got (2,)": partial(
        plain(loss.euclidean), zeros(2), zeros(4, 2)
    ),
    "output: expected the shape '... 313', got (1, 2, 2, 312)": partial(
        target.distribution().loss, zeros(1, 2, 2, 312), zeros(1, 2, 2, 2)
    ),
    "truth: expected the shape 'b h w c', got (8, 8, 3)": partial(
        rmse, zeros(8, 8, 3), zeros(8, 8, 3)
    ),
    "prediction: expected the shape (1, 8, 8, 3), as the truth": partial(
        rmse, zeros(1, 8, 8, 3), zeros(1, 8, 8, 1)
    ),
    "photographs: expected the shape 'b h w 3', got (1, 8, 8, 4)": partial(
        plain(metrics.colorfulness), zeros(1, 8, 8, 4)
    ),
    "mask: expected the shape (1, 8, 8), as the photographs": partial(
        plain(metrics._mean), zeros(1, 8, 8, 3), zeros(8, 8, dtype=bool)
    ),
}


@pytest.mark.parametrize("message", SHAPES)
def test_another_shape_is_named_beside_the_one_expected(message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SHAPES[message]()


@pytest.mark.parametrize(
    "call",
    [
        lambda whole: plain(bins.encode)(whole[..., :2]),
        lambda whole: plain(bins.decode)(zeros(2, 313, dtype=np.uint8)),
        lambda whole: rmse(whole, whole),
        lambda whole: plain(metrics.ssim)(whole, whole),
        plain(metrics.colorfulness),
    ],
)
def test_integers_are_refused(call):
    with pytest.raises(TypeError, match=r"expected floats, got uint8 of shape"):
        call(zeros(1, 8, 8, 3, dtype=np.uint8))
    with pytest.raises(TypeError, match="colours: expected uint8, got float32"):
        plain(lab.from_uint8)(zeros(3))


def test_half_precision_is_computed_in_full():
    ab = jnp.asarray([[-71.5, 33.25]], jnp.bfloat16)
    _, weights = bins.encode(ab)
    np.testing.assert_array_equal(weights, bins.encode(ab.astype(jnp.float32))[1])
    assert weights.dtype == jnp.float32


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValueError, match="sigma: expected more than 0, got 0"):
        bins.encode(jnp.zeros((3, 2)), sigma=0.0)


def test_nan_is_passed_on():
    _, weights = bins.encode(jnp.array([jnp.nan, 0.0]))
    assert np.isnan(weights).all()
    assert np.isnan(bins.decode(jnp.full(313, jnp.nan))).all()
    pixels = jnp.full((1, 8, 8, 3), jnp.nan)
    assert np.isnan(metrics.rmse(pixels, jnp.zeros_like(pixels))).all()
    with pytest.raises(ValueError, match="p must be a distribution of sum 1"):
        prior.class_weights(np.full(313, np.nan))
