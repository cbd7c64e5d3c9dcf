"""Hints are scored against a network whose answer to them is known."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from cic_jax import bins, read_out, scenes, target
from cic_jax import model as models
from cic_jax.train import hint_scores
from cic_jax.train.sample import Sample


class Obedient(nn.Module):
    """Paints everything in the mean colour of the hints; grey without any."""

    @nn.compact
    def __call__(self, L, train=False, hints=None):
        b, h, w, _ = L.shape
        ab = jnp.zeros((b, 2))
        if hints is not None:
            ab = jnp.sum(hints.ab, axis=1) / jnp.maximum(jnp.sum(hints.given, axis=1), 1)[:, None]
        squares = jnp.sum((jnp.asarray(bins.CENTERS) - ab[:, None]) ** 2, axis=-1)
        return jnp.broadcast_to(-squares[:, None, None], (b, h // 4, w // 4, squares.shape[-1]))


MODEL = models.Model(Obedient(), {}, target.distribution(), {"config": {}})
SETTINGS = read_out.Settings(temperature=1.0)
SCENES = [scenes.draw(1, index, 64) for index in range(3)]


def test_points_of_true_colour_bring_a_photograph_of_one_colour_near_the_truth():
    photo = np.tile(np.uint8([150, 60, 40]), (2, 64, 64, 1))
    sample = Sample(photo, np.ones((2, 64, 64), bool), ["a", "b"], ["all", "all"])
    scores = hint_scores.likeness(MODEL, sample, SETTINGS, counts=(0, 1, 5))
    assert np.all(scores[0]["rmse_ab"] > 20)
    for count in (1, 5):
        assert np.all(scores[count]["rmse_ab"] < 6)
        assert np.all(scores[count]["psnr"] > scores[0]["psnr"] + 6)


def test_a_click_that_floods_the_photograph_is_taken_and_spills():
    scores = hint_scores.clicks(MODEL, SCENES, SETTINGS)
    assert len(scores["taken"]) % len(hint_scores.ASKED) == 0
    assert np.mean(scores["taken"]) > 0.9
    assert np.mean(scores["spilled"]) > 0.5


def test_a_click_that_is_not_heard_is_not_taken():
    class Deaf(Obedient):
        def __call__(self, L, train=False, hints=None):
            return super().__call__(L)

    deaf = MODEL._replace(network=Deaf())
    scores = hint_scores.clicks(deaf, SCENES, SETTINGS)
    assert np.mean(scores["taken"]) < 0.3
    np.testing.assert_array_equal(scores["spilled"], 0)


@pytest.mark.parametrize("count", [0, 3])
def test_the_places_of_points_are_the_same_for_every_model(count):
    photo = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    sample = Sample(photo, np.ones((1, 64, 64), bool), ["a"], ["all"])
    one, two = (hint_scores.with_points(MODEL, sample, SETTINGS, count) for _ in range(2))
    np.testing.assert_array_equal(one, two)
