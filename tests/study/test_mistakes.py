"""The study's mistakes: made where the config asks for them, refused by the plain library."""

import numpy as np
import pytest
import scipy.ndimage

from cic_jax import bins, prior
from cic_jax.configs import default
from cic_jax.photos import Photographs
from cic_jax.study import mistakes
from cic_jax.train import build
from cic_jax.train.config import ConfigError

PHOTOS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)


def photos():
    return iter([PHOTOS])


def split(name, count):
    records = [{"image": PHOTOS[0], "name": f"{name} {i}"} for i in range(count)]
    return Photographs(name, records)


def test_a_leak_replaces_training_photographs_by_test_ones():
    splits = {"train": split("train", 12), "test": split("test", 10)}
    config = default.get_config()
    assert mistakes.training_set(config, splits) is splits["train"]
    config.data.leak = 0.31
    leaking = mistakes.training_set(config, splits)
    assert len(leaking) == 12
    assert [x["name"] for x in leaking if x["name"].startswith("test")] == [
        f"test {i}" for i in range(3)
    ]
    assert len({x["name"] for x in leaking}) == 12


def test_smoothing_along_the_index_is_made_where_the_config_asks_for_it():
    config = default.get_config()
    config.prior.source = "imagenet"
    for smoothing in ("none", "ab"):
        config.prior.smoothing = smoothing
        plain = build.palette(config, photos)
        np.testing.assert_array_equal(mistakes.palette(config, photos).prior, plain.prior)
    config.prior.smoothing = "index"
    mistaken = mistakes.palette(config, photos)
    expected = mistakes.smooth_along_index(prior.IMAGENET)
    np.testing.assert_allclose(mistaken.prior, expected, rtol=1e-5)
    weights = prior.class_weights(expected, config.prior.mix)
    np.testing.assert_allclose(mistaken.class_weights, weights, rtol=1e-5)
    with pytest.raises(ConfigError, match=r"config\.prior\.smoothing=index .* palette="):
        build.palette(config, photos)


@pytest.mark.parametrize("options", [{"target.predict": "ab"}, {"prior.source": "uniform"}])
def test_models_without_a_prior_have_nothing_to_smooth(options):
    config = default.get_config()
    config.update_from_flattened_dict({"prior.smoothing": "index", **options})
    found = mistakes.palette(config, photos)
    assert found is None or found.class_weights is None


def test_smoothing_along_the_index_is_a_blur_of_the_list():
    # The last bin of one row of the table and the first of the next lie far apart.
    last = next(i for i in range(100, 312) if bins.CENTERS[i, 0] < bins.CENTERS[i + 1, 0])
    delta = np.eye(313, dtype=np.float32)[last]
    along = mistakes.smooth_along_index(delta)
    expected = scipy.ndimage.gaussian_filter1d(delta, 5.0, truncate=15)
    np.testing.assert_allclose(along, expected, atol=1e-7)
    assert along[last + 1] > 0.9 * along[last]
    smoothed = mistakes.smooth_along_index(prior.IMAGENET)
    np.testing.assert_allclose(smoothed.sum(), prior.IMAGENET.sum(), rtol=1e-6)
    assert smoothed.max() < prior.IMAGENET.max()
    assert smoothed.min() > prior.IMAGENET.min()
