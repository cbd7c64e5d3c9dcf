"""Chroma ends where sRGB does, hue and lightness stay."""

import jax
import jax.numpy as jnp
import numpy as np

from cic_jax import bins, lab
from cic_jax.read_out import gamut


def test_the_fit_ends_where_srgb_does():
    key = jax.random.key(1)
    L = jax.random.uniform(key, (4000, 1), maxval=100.0)
    ab = 60 * jax.random.normal(key, (4000, 2))

    @jax.jit
    def misfit(L, ab):
        colour = jnp.concatenate([L, ab], axis=-1)
        back = lab.rgb_to_lab(lab.lab_to_rgb(colour))
        return jnp.linalg.norm(back - colour, axis=-1)

    fitted = jax.jit(gamut.fit)(L, ab)
    factor = jnp.linalg.norm(fitted, axis=-1) / jnp.linalg.norm(ab, axis=-1)
    assert jnp.max(misfit(L, fitted)) < 0.3
    kept = misfit(L, ab) < 1e-3
    assert 0.2 < jnp.mean(kept) < 0.8
    np.testing.assert_array_equal(fitted[kept], ab[kept])
    reduced = (misfit(L, ab) > 1) & (factor > 0.1)
    assert jnp.min(misfit(L, fitted * 1.1)[reduced]) > 0.02
    np.testing.assert_allclose(
        fitted[:, 0] * ab[:, 1], fitted[:, 1] * ab[:, 0], rtol=1e-4, atol=1e-3
    )  # the hue is kept


def test_one_reach_serves_every_saturation():
    key = jax.random.key(2)
    L = jax.random.uniform(key, (2000, 1), maxval=100.0)
    ab = 30 * jax.random.normal(key, (2000, 2))
    reach = gamut.reach(L, ab, limit=4.0)
    for saturation in (0.5, 1.0, 2.5):
        shown = jnp.minimum(saturation, reach) * ab
        step = 4 / 2**gamut.STEPS * jnp.linalg.norm(ab, axis=-1)
        error = jnp.linalg.norm(shown - gamut.fit(L, saturation * ab), axis=-1)
        assert jnp.all(error <= step + 1e-4)


def test_colours_of_srgb_lie_in_possible_bins():
    rgb = np.random.default_rng(0).random((5_000, 3), np.float32)
    colours = jax.jit(lab.rgb_to_lab)(rgb)
    nearest, _ = bins.encode(colours[:, 1:], neighbors=1)
    possible = gamut.possible(colours[:, :1], bins.CENTERS)
    assert np.mean(np.take_along_axis(np.asarray(possible), np.asarray(nearest), 1)) > 0.99
    assert np.mean(possible) < 0.6
    ends = np.asarray(gamut.possible(jnp.array([[0.0], [100.0]]), bins.CENTERS))
    assert np.all(np.abs(bins.CENTERS[ends.any(axis=0)]).max() <= 10)
    # Bins none of which is possible are all kept: the distribution stays one.
    assert gamut.possible(jnp.array([[0.0]]), np.float32([[60, 60], [60, 70], [70, 60]])).all()
