"""A hint is given at a place of the photograph, of any size, and changes its prediction."""

import jax.numpy as jnp
import numpy as np
import pytest
import skimage
from tiny_models import tiny_lite, tiny_model

from cic_jax import Colorizer, read_out
from cic_jax.colorize import Hint, hints


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(tiny_lite(), size=64)


PHOTO = np.random.default_rng(0).integers(0, 256, (50, 90, 3), np.uint8)
HINT = Hint(0.5, 0.25, (40.0, 30.0))


def test_hints_change_a_prediction_and_can_be_taken_back(colorizer):
    before = colorizer.predict(PHOTO)
    hinted = colorizer.hinted(before, [HINT])
    np.testing.assert_array_equal(hinted.output, colorizer.predict(PHOTO, [HINT]).output)
    assert hinted.output.shape == before.output.shape
    assert np.abs(hinted.output - before.output).max() > 1e-3
    back = colorizer.hinted(hinted)
    np.testing.assert_array_equal(back.output, before.output)


def test_hints_may_be_texts(colorizer):
    text = "50%,12,darkred"
    parsed = hints.parse(text, 90, 50)
    outputs = [colorizer.predict(PHOTO, [hint]).output for hint in (text, parsed)]
    np.testing.assert_array_equal(*outputs)
    with pytest.raises(TypeError, match="expected a list of hints, got the text '50%,12,darkred'"):
        colorizer.predict(PHOTO, text)
    with pytest.raises(ValueError, match="lies outside of the photograph of 90 x 50"):
        colorizer.predict(PHOTO, ["95,12,darkred"])


def test_a_palette_is_another_photographs_colours(colorizer):
    before = colorizer.predict(PHOTO)
    red, grey = np.full((4, 5, 3), (200, 20, 20), np.uint8), np.full((4, 5), 90, np.uint8)
    outputs = [colorizer.hinted(before, palette=palette).output for palette in (red, grey)]
    assert np.abs(outputs[0] - before.output).max() > 1e-4
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-4
    shares = hints.palette_of(red, np.asarray(colorizer.model.target.centers))
    assert shares.sum() == pytest.approx(1)
    mean = shares @ colorizer.model.target.centers
    np.testing.assert_allclose(mean, hints.colour_ab(red[0, 0]), atol=10)


def test_hints_for_a_network_that_takes_none_are_refused():
    colorizer = Colorizer(tiny_model(), size=64)
    assert not colorizer.takes_hints
    with pytest.raises(ValueError, match="takes no hints"):
        colorizer.predict(PHOTO, [HINT])


@pytest.mark.parametrize(
    ("text", "x", "y"),
    [("0,0,red", 0.005, 0.01), ("99, 49, #ff0000", 0.995, 0.99), ("50%,100%,rgb(255,0,0)", 0.5, 1)],
)
def test_places_are_pixels_or_percent(text, x, y):
    hint = hints.parse(text, 100, 50)
    assert (hint.x, hint.y) == pytest.approx((x, y))
    assert hint.ab == pytest.approx((80.1, 67.2), abs=0.2)


@pytest.mark.parametrize("text", ["", "1,2", "a,2,red", "1,2,nocolour", "100,2,red", "1,-1,red"])
def test_other_hints_are_one_line(text):
    with pytest.raises(ValueError, match="hint") as error:
        hints.parse(text, 100, 50)
    assert "\n" not in str(error.value)


def test_a_hint_keeps_its_place_beside_padding_and_fits_its_lightness():
    L = np.full((64, 128, 1), 50, np.float32)
    L[24, 60] = 3.0  # the place itself is nearly black
    laid = hints.for_network([Hint(0.605, 0.49, (80.0, 67.0))], L, (50, 100), np.zeros(313))
    assert laid.given.tolist() == [[1.0] + [0.0] * 15]
    np.testing.assert_allclose(laid.place[0, 0] * np.array([64, 128]), (24.5, 60.5), atol=1e-4)
    ab = np.asarray(laid.ab[0, 0])
    assert 0 < np.hypot(*ab) < 30
    assert bool(read_out.gamut.is_shown(*map(jnp.float32, (3.0, *ab))))
    two = hints.for_network([HINT, HINT], L, (50, 100), np.zeros(313))
    assert two.given.sum() == 2


def test_too_many_hints_are_refused():
    with pytest.raises(ValueError, match="at most 64"):
        hints.for_network([HINT] * 65, np.zeros((8, 8, 1), np.float32), (8, 8), np.zeros(313))


def test_the_lightness_of_a_hints_colour_plays_no_part():
    light, dark = (np.array(rgb, np.uint8) for rgb in ((128, 128, 128), (30, 30, 30)))
    assert hints.colour_ab(light) == pytest.approx(hints.colour_ab(dark), abs=0.1)
    rgb = np.array([10, 200, 90], np.uint8)
    assert hints.colour_ab(rgb) == pytest.approx(skimage.color.rgb2lab(rgb)[1:], abs=0.1)
