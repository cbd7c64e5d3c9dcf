"""Pictures that figures show: grey, coloured, and the least sure pixel."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import bins, lab, model, network, photos
from cic_jax.colorize import Colorizer
from cic_jax.report import gallery


@pytest.fixture(scope="module")
def colorizer():
    net = network.create("simplified", width=0.05)
    variables = jax.jit(net.init)(jax.random.key(0), np.zeros((1, 32, 32, 1), np.float32))
    return Colorizer(model.build(model.describe("simplified", width=0.05), variables), size=64)


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


class Known(Colorizer):
    """Predicts a distribution that the test has chosen."""

    def __init__(self, colorizer, said):
        self.model, self.said = colorizer.model, said

    def distribution(self, photo):
        return self.said


def to_lab(rgb):
    return np.asarray(lab.rgb_to_lab(jnp.asarray(rgb, jnp.float32) / 255))


def test_grey_keeps_the_lightness_alone(photo):
    before, after = to_lab(photo), to_lab(gallery.grey(photo))
    np.testing.assert_allclose(after[..., 0], before[..., 0], atol=0.3)
    np.testing.assert_allclose(after[..., 1:], 0, atol=0.02)


def test_temperatures_lie_between_grey_and_truth(colorizer, photo):
    row = gallery.temperatures(colorizer, photo)
    names = list(row)
    assert names[0] == "grey"
    assert names[1] == "T = 1 (mean)"
    assert names[-2:] == ["T = 0 (mode)", "truth"]
    assert len(names) == len(gallery.TEMPERATURES) + 2
    np.testing.assert_array_equal(row["truth"][0], photo)
    np.testing.assert_array_equal(row["T = 0.38"][0], colorizer(photo, 0.38))


def test_the_least_sure_pixel_has_two_distant_likely_colours(colorizer, photo):
    said = np.full((16, 16, 313), 1e-9, np.float32)
    said[..., 10] = 1.0  # sure of a single bin
    said[6, 9, 10] = 0.4
    said[6, 9, 300] = 0.6
    said[1, 9] = 1 / 313  # less sure still, but at the edge
    pixel = gallery.least_sure(Known(colorizer, said), photo)
    assert pixel.place == (26, 38)  # the middle of the output cell of 4 x 4 pixels
    mean = 0.4 * bins.CENTERS[10] + 0.6 * bins.CENTERS[300]
    np.testing.assert_allclose(pixel.colours["read out, T = 1"], mean, atol=1e-3)
    np.testing.assert_allclose(pixel.colours["read out, T = 0"], bins.CENTERS[300], atol=1e-3)
    truth = to_lab(photo[24:28, 36:40])[..., 1:].mean(axis=(0, 1))
    np.testing.assert_allclose(pixel.colours["truth"], truth, atol=1e-3)


def test_no_more_photographs_are_shown_than_there_are(photo):
    records = [{"image": photo, "name": str(i)} for i in range(3)]
    split = photos.Photographs("test", records)
    assert gallery.first(split, 2, 32, 0).shape == (2, 32, 32, 3)
    assert len(gallery.first(split, 9, 32, 0)) == 3
