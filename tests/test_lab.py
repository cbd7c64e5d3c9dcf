"""CIELAB against scikit-image, over every 8-bit colour, and in its derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color
import skimage.data

from cic_jax import lab

to_lab = jax.jit(lab.rgb_to_lab)
to_rgb = jax.jit(lab.lab_to_rgb)


def cube(step: int) -> np.ndarray:
    axis = np.arange(0, 256, step, dtype=np.float32) / 255
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)


PHOTOS = {
    "astronaut": skimage.data.astronaut,
    "coffee": skimage.data.coffee,
    "chelsea": skimage.data.chelsea,
    "every fifth level": lambda: np.rint(255 * cube(5)).astype(np.uint8),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_agrees_with_scikit_image(name):
    rgb = PHOTOS[name]().astype(np.float32) / 255
    expected = skimage.color.rgb2lab(rgb.astype(np.float64))
    np.testing.assert_allclose(to_lab(rgb), expected, atol=1e-3)
    np.testing.assert_allclose(to_rgb(expected.astype(np.float32)), rgb, atol=1e-5)


def test_colours_outside_the_gamut_are_clipped_as_by_scikit_image():
    axes = np.linspace(0, 100, 21), np.linspace(-110, 110, 23), np.linspace(-110, 110, 23)
    pixels = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32)
    # Where f(Z) < 0, scikit-image clips and warns; no colour near the gamut is there.
    pixels = pixels[pixels[..., 2] < 200 * (pixels[..., 0] + 16) / 116]
    actual = np.asarray(to_rgb(pixels))
    np.testing.assert_allclose(actual, skimage.color.lab2rgb(pixels.astype(np.float64)), atol=2e-5)
    assert actual.min() >= 0
    assert actual.max() <= 1


def test_every_8_bit_colour_survives_the_round_trip():
    @jax.jit
    def count_changed(first):
        code = first + jnp.arange(1 << 20)
        rgb = jnp.stack([code >> 16, (code >> 8) & 255, code & 255], axis=-1)
        pixels = lab.rgb_to_lab(rgb / 255.0)
        lightness, colour = pixels[:, 0], pixels[:, 1:]
        inside = (lightness > -1e-4) & (lightness < 100.001) & jnp.all(abs(colour) < 108, axis=-1)
        changed = jnp.any(jnp.round(255 * lab.lab_to_rgb(pixels)) != rgb, axis=-1)
        return jnp.sum(changed | ~inside)

    assert sum(int(count_changed(i << 20)) for i in range(16)) == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [
        (to_lab, skimage.color.rgb2lab, [0.02, 0.02, 0.02], [0.98, 0.98, 0.98]),
        (to_rgb, skimage.color.lab2rgb, [30, -15, -15], [80, 15, 15]),  # well inside the gamut
    ],
)
def test_derivatives_are_those_of_scikit_image(ours, theirs, low, high):
    points = np.random.default_rng(0).uniform(low, high, (200, 3))
    actual = jax.jit(jax.vmap(jax.jacrev(ours)))(points.astype(np.float32))
    step = 1e-6 * (np.array(high) - low)
    moved = [theirs(points + d) - theirs(points - d) for d in np.diag(step)]
    expected = np.stack(moved, axis=-1) / (2 * step)
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_derivatives_are_finite_where_the_curves_have_corners():
    corners = cube(255).reshape(-1, 3)
    greys = np.repeat(np.float32([[-0.1], [1 / 255], [0.04045], [0.5]]), 3, axis=1)
    rgb = np.concatenate([corners, greys])
    forward = np.asarray(jax.jit(jax.vmap(jax.jacrev(lab.rgb_to_lab)))(rgb))
    assert np.isfinite(forward).all()
    assert (forward[:, 0] > 0).all()  # more of any primary is lighter, from black on

    outside = np.float32([[0, 110, -110], [100, -110, 110], [50, 110, 110], [10, 0, 100]])
    pixels = np.concatenate([to_lab(rgb), outside])
    backward = np.asarray(jax.jit(jax.vmap(jax.jacrev(lab.lab_to_rgb)))(pixels))
    assert np.isfinite(backward).all()


def test_what_cannot_be_meant_is_refused():
    # Where types are checked, as in tests, the functions themselves are not reached.
    with pytest.raises(TypeError, match=r"got uint8 .*from_uint8"):
        lab._colours(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"expected the shape '... 3', got \(2, 2, 4\)"):
        lab._colours(np.zeros((2, 2, 4), np.float32))


def test_half_precision_loses_no_more_than_its_input():
    rgb = jnp.asarray(cube(17), jnp.bfloat16)
    converted = lab.rgb_to_lab(rgb)
    assert converted.dtype == jnp.float32
    np.testing.assert_array_equal(converted, lab.rgb_to_lab(rgb.astype(jnp.float32)))
