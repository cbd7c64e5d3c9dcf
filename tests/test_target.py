import jax
import jax.numpy as jnp
import numpy as np

from cic_jax import bins, model, network, target

KEY = jax.random.key(0)
AB = jax.random.uniform(KEY, (2, 4, 4, 2), minval=-60.0, maxval=60.0)


def test_both_targets_are_best_at_the_truth():
    for goal, truth in (
        (target.regression(), AB / 110),
        (target.distribution(neighbors=1), 50 * one_hot(AB)),
    ):
        other = jax.random.normal(KEY, truth.shape)
        assert goal.loss(truth, AB) < 1e-3 < goal.loss(other, AB)
        expected = AB if goal.centers is None else goal.centers[np.argmax(truth, axis=-1)]
        np.testing.assert_allclose(goal.to_ab(truth, 0.38), expected, atol=1e-3)


def one_hot(ab):
    distance = jnp.sum((ab[..., None, :] - bins.CENTERS) ** 2, axis=-1)
    return jax.nn.one_hot(jnp.argmin(distance, axis=-1), 313)


def test_grey_photographs_can_be_left_out_of_the_loss():
    ab = AB.at[1].set(1.0)
    output = jax.random.normal(KEY, (2, 4, 4, 313))
    skipping = target.distribution(skip_grey=True).loss(output, ab)
    np.testing.assert_allclose(skipping, target.distribution().loss(output[:1], ab[:1]), rtol=1e-5)


def test_parameter_counts_are_those_of_the_study():
    for name, centers, count in (
        ("full", bins.CENTERS, 32_235_385),
        ("simplified", bins.CENTERS, 15_387_513),
        ("full", None, 32_155_458),
    ):
        shapes = model.shapes(model.describe(name, centers=centers))
        assert model.parameter_count(shapes) == count


def test_a_description_rebuilds_the_model_it_was_made_of():
    description = model.describe("simplified", width=0.05, lightness_scale=100.0)
    built = model.build(description, {})
    expected = network.create("simplified", width=0.05, lightness_scale=100.0)
    assert built.network == expected
