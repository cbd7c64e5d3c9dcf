"""A prediction is read out at the photograph's own size, and its lightness kept."""

import numpy as np
import pytest
from echo import echo_colorizer, noise, to_lab
from tiny_models import tiny_model

from cic_jax import Colorizer, bins, target
from cic_jax.colorize import paint
from cic_jax.images import resize


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(tiny_model(gain=30.0), size=64)


def test_lightness_moves_by_rounding_alone(colorizer):
    photo = noise(200, 300)
    result = colorizer(photo, temperature=0.0)
    chroma = np.hypot(*np.moveaxis(to_lab(result)[..., 1:], -1, 0))
    assert chroma.mean() > 15
    moved = np.abs(to_lab(result)[..., 0] - to_lab(np.repeat(photo[..., None], 3, -1))[..., 0])
    # Half a step of each channel moves L by 0.2 in the light and up to 0.6 in the dark.
    assert moved.max() < 0.6
    assert moved.mean() < 0.1


def test_no_colour_leaves_the_photograph(colorizer):
    photo = noise(100, 80)
    np.testing.assert_array_equal(
        colorizer(photo, saturation=0.0), np.repeat(photo[..., None], 3, axis=-1)
    )


@pytest.mark.parametrize("shape", [(300, 200), (97, 613), (640, 131), (40, 30)])
def test_colour_stays_in_its_place(shape):
    h, w = shape
    y, x = np.mgrid[:h, :w]
    photo = (128 + 50 * np.sin(2 * np.pi * y / h) * np.cos(2 * np.pi * x / w)).astype(np.uint8)
    colorizer, _ = echo_colorizer()
    result = to_lab(colorizer(photo))
    inner = np.s_[h // 16 : -(h // 16), w // 16 : -(w // 16)]
    np.testing.assert_allclose(result[..., 1][inner], result[..., 0][inner] - 50, atol=3)
    np.testing.assert_allclose(result[..., 2][inner], 50 - result[..., 0][inner], atol=3)


def test_tiles_leave_no_seam(monkeypatch):
    photo = noise(700, 600, 3)
    colorizer, _ = echo_colorizer()
    tiled = colorizer(photo)
    monkeypatch.setattr(paint, "TILE", 704)
    np.testing.assert_allclose(tiled.astype(int), colorizer(photo), atol=1)


def test_one_prediction_is_read_out_in_many_ways(colorizer):
    photo = noise(90, 61, 3)
    prediction = colorizer.predict(photo)
    assert prediction.size == resize.working_size(90, 61, 64)
    assert prediction.output.shape == (24, 16, 313)
    for options in ({}, {"temperature": 0.0}, {"temperature": 1.0, "saturation": 0.4}):
        np.testing.assert_array_equal(
            colorizer.render(prediction, **options), colorizer(photo, **options)
        )
    np.testing.assert_array_equal(colorizer.distribution(prediction), colorizer.distribution(photo))


def test_a_preview_is_the_colouring_made_smaller():
    colorizer, _ = echo_colorizer()
    y, x = np.mgrid[:300, :450]
    photo = (128 + 60 * np.sin(y / 40) * np.cos(x / 50)).astype(np.uint8)
    prediction = colorizer.predict(photo)
    preview = prediction.reduced(150)
    assert preview.output is prediction.output
    small, large = colorizer.render(preview), colorizer.render(prediction)
    assert small.shape == (100, 150, 3)
    np.testing.assert_allclose(to_lab(small), to_lab(resize.reduce(large, (100, 150))), atol=2.5)
    assert prediction.reduced(450) is prediction
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        prediction.reduced(0)


def test_temperature_trades_vividness(colorizer):
    def chroma(temperature):
        ab = to_lab(colorizer(noise(64, 64), temperature))[..., 1:]
        return np.hypot(ab[..., 0], ab[..., 1]).mean()

    assert chroma(0.0) > chroma(0.38) > chroma(1.0)


def test_tau_and_saturation_default_to_the_models_own():
    photo, p = noise(40, 40), np.linspace(1, 9, 313, dtype=np.float32)
    palette = target.Palette(bins.CENTERS, p / p.sum(), None)
    recorded = {"colour": {"tau": 0.6, "saturation": 1.5}}
    own, plain = (
        Colorizer(tiny_model(gain=30.0, palette=palette, config=config), size=64)
        for config in (recorded, {})
    )
    np.testing.assert_array_equal(own(photo), plain(photo, tau=0.6, saturation=1.5))
    np.testing.assert_array_equal(own(photo, tau=0.0), plain(photo, saturation=1.5))
    assert np.any(own(photo) != plain(photo, saturation=1.5))
