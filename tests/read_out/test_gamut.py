"""Chroma ends where sRGB does, hue and lightness stay."""

import jax
import jax.numpy as jnp
import numpy as np

from cic_jax import lab
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
