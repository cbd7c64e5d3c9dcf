"""Old film changes lightness alone, within its range, and as often as asked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import lab
from cic_jax.train import film

PHOTOS = jnp.asarray(np.random.default_rng(0).integers(0, 256, (6, 24, 32, 3), np.uint8))
KEY = jax.random.key(0)
SEE = jax.jit(film.see, static_argnames="share")


def test_share_zero_is_todays_lightness_and_one_is_none_of_it():
    true = lab.from_uint8(PHOTOS)[..., :1]
    np.testing.assert_allclose(SEE(KEY, PHOTOS, share=0.0), true, atol=1e-4)
    old = SEE(KEY, PHOTOS, share=1.0)
    assert old.shape == true.shape
    assert np.all((old >= 0) & (old <= 100))
    assert np.all(np.abs(old - true).mean(axis=(1, 2, 3)) > 0.5)
    some = SEE(KEY, jnp.tile(PHOTOS, (40, 1, 1, 1)), share=0.25)
    same = np.all(np.isclose(some, jnp.tile(true, (40, 1, 1, 1))), axis=(1, 2, 3))
    assert 0.65 < same.mean() < 0.85


def test_no_film_sees_red_light_better_than_the_eye_and_some_hardly_at_all():
    red, blue = (jnp.zeros((200, 1, 1, 3)).at[..., i].set(0.5) for i in (0, 2))
    L = {i: np.ravel(film.expose(KEY, x)) for i, x in enumerate((red, blue))}
    today = [float(lab.lightness(jnp.float32(0.5 * x))) for x in (0.2127, 0.0722)]
    assert L[0].min() < 25 < today[0]
    assert L[1].min() > today[1]
    grey = film.expose(KEY, jnp.full((200, 1, 1, 3), 0.5))
    np.testing.assert_allclose(grey, lab.lightness(jnp.float32(0.5)), rtol=1e-5)


def test_blur_keeps_what_is_flat_and_the_mean():
    flat = jnp.full((4, 8, 8, 1), 37.0)
    np.testing.assert_allclose(film.soften(KEY, flat), flat, rtol=1e-6)
    point = jnp.zeros((4, 9, 9, 1)).at[:, 4, 4].set(81.0)
    soft = film.soften(KEY, point)
    np.testing.assert_allclose(soft.mean(axis=(1, 2, 3)), 1.0, rtol=1e-5)
    assert np.all(soft[:, 4, 4] < 81)


@pytest.mark.parametrize("stage", [film.develop, film.add_grain, film.scratch])
def test_every_stage_differs_between_photographs(stage):
    L = jnp.full((8, 16, 16, 1), 50.0)
    assert np.unique(np.asarray(stage(KEY, L)).reshape(8, -1), axis=0).shape[0] > 3
