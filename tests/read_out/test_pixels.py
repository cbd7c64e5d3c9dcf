"""The settings of a read-out, each against its definition on made-up distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import bins, lab, prior, read_out
from cic_jax.target import distribution, regression

OUTPUT = 2 * jax.random.normal(jax.random.key(0), (4, 6, 313))
L = jax.random.uniform(jax.random.key(1), (4, 6, 1), minval=5, maxval=95)
TARGET = distribution(prior=prior.IMAGENET / prior.IMAGENET.sum())


def cell_ab(target=TARGET, **settings):
    return np.asarray(read_out.cell_ab(target, OUTPUT, L, read_out.Settings(**settings)))


def test_the_defaults_are_the_annealed_mean():
    np.testing.assert_array_equal(cell_ab(), bins.decode(OUTPUT, 0.38))
    np.testing.assert_array_equal(cell_ab(temperature=1.0), bins.decode(OUTPUT, 1.0))


def test_tau_rebalances_before_the_annealed_mean():
    adjusted = prior.adjust(OUTPUT, TARGET.prior, 0.5)
    np.testing.assert_allclose(cell_ab(tau=0.5), bins.decode(adjusted), atol=1e-4)
    chroma = [np.linalg.norm(cell_ab(tau=tau), axis=-1).mean() for tau in (0.0, 0.5, 1.0)]
    assert chroma[0] < chroma[1] < chroma[2]


def test_the_mode_of_possible_bins_is_possible():
    ab = cell_ab(temperature=0.0, possible=True)
    inner = ab * np.maximum(
        0, 1 - 7.08 / np.maximum(np.linalg.norm(ab, axis=-1, keepdims=True), 1e-6)
    )
    shown = lab.rgb_to_lab(lab.lab_to_rgb(jnp.concatenate([L, inner], axis=-1)))
    np.testing.assert_allclose(shown[..., 1:], inner, atol=0.5)
    assert np.any(ab != cell_ab(temperature=0.0))


def test_doubt_takes_chroma_where_the_distribution_is_flat():
    expected = cell_ab() * np.asarray(bins.certainty(OUTPUT)) ** 0.5
    np.testing.assert_allclose(cell_ab(doubt=0.5), expected, atol=1e-4)


def test_saturation_multiplies_the_colours_of_pixels():
    lightness = jnp.kron(L, jnp.ones((4, 4, 1)))
    pixel_ab = jax.jit(lambda settings: read_out.pixel_ab(TARGET, OUTPUT, lightness, settings))
    plain = pixel_ab(read_out.traced(read_out.Settings()))
    strong = pixel_ab(read_out.traced(read_out.Settings(saturation=1.5)))
    np.testing.assert_allclose(strong, 1.5 * plain, rtol=1e-5)


def test_a_regression_has_one_answer():
    output = OUTPUT[..., :2]
    ab = read_out.cell_ab(regression(), output, L, read_out.Settings())
    np.testing.assert_array_equal(ab, 110 * output)


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        (TARGET, {"doubt": -1.0}, "doubt, tau, temperature and saturation >= 0"),
        (TARGET, {"tau": float("nan")}, "doubt, tau, temperature and saturation >= 0"),
        (TARGET, {"saturation": float("inf")}, "saturation >= 0 and finite"),
        (distribution(), {"tau": 0.5}, "tau = 0.5 needs a model whose prior is known"),
        (regression(), {"possible": True}, "this one predicts ab itself"),
    ],
)
def test_settings_that_a_model_cannot_follow_are_refused(target, settings, message):
    with pytest.raises(ValueError, match=message):
        read_out.require(read_out.Settings(**settings), target)
