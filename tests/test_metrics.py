"""Metrics against scikit-image and their definitions, on photographs with and without padding."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color
import skimage.data
import skimage.metrics

from cic_jax import bins, metrics, prior

SIZE = 300
REGION = slice(40, 250), slice(30, 291)  # what is real where a photograph is masked


def photographs() -> tuple[np.ndarray, np.ndarray]:
    """Three photographs, and the same with noise, a fault in colour and a fault in place."""
    rng = np.random.default_rng(0)
    loaders = skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea
    truth = np.stack([load()[:SIZE, :SIZE] for load in loaders]).astype(np.float32) / 255
    changed = truth.copy()
    changed[0] += rng.normal(0, 0.1, changed[0].shape)
    changed[1] = changed[1] @ np.float32([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0, 0.2, 0.8]])
    changed[2] = np.roll(changed[2], 1, axis=0)
    return truth, np.clip(changed, 0, 1)


TRUTH, CHANGED = photographs()
TRUTH_LAB, CHANGED_LAB = (
    skimage.color.rgb2lab(photos).astype(np.float32) for photos in (TRUTH, CHANGED)
)
TRUTH_AB, CHANGED_AB = TRUTH_LAB[..., 1:], CHANGED_LAB[..., 1:]
MASK = np.zeros(TRUTH.shape[:3], bool)
MASK[:, *REGION] = True


@pytest.mark.parametrize(
    ("ours", "theirs", "tolerance"),
    [
        (metrics.psnr, skimage.metrics.peak_signal_noise_ratio, 1e-3),
        (metrics.ssim, partial(skimage.metrics.structural_similarity, channel_axis=-1), 1e-5),
    ],
    ids=["psnr", "ssim"],
)
def test_agrees_with_scikit_image(ours, theirs, tolerance):
    actual = jax.jit(ours)(TRUTH, CHANGED)
    pairs = zip(TRUTH.astype(np.float64), CHANGED.astype(np.float64), strict=True)
    expected = [theirs(truth, changed, data_range=1) for truth, changed in pairs]
    np.testing.assert_allclose(actual, expected, atol=tolerance)


@pytest.mark.parametrize(
    ("metric", "photos"),
    [
        (metrics.rmse, (TRUTH, CHANGED)),
        (metrics.rmse_ab, (TRUTH_AB, CHANGED_AB)),
        (metrics.psnr, (TRUTH, CHANGED)),
        (metrics.ssim, (TRUTH, CHANGED)),
        (metrics.auc, (TRUTH_AB, CHANGED_AB)),
        (metrics.colorfulness, (TRUTH,)),
        (partial(metrics.colorfulness, absolute=True), (TRUTH,)),
        (metrics.mean_ciede2000, (TRUTH_LAB, CHANGED_LAB)),
    ],
)
def test_pixels_outside_the_mask_change_nothing(metric, photos):
    rng = np.random.default_rng(1)
    garbage = [10 * rng.random(x.shape, np.float32) for x in photos]
    padded = [np.where(MASK[..., None], x, y) for x, y in zip(photos, garbage, strict=True)]
    expected = jax.jit(metric)(*(x[:, *REGION] for x in photos))
    np.testing.assert_allclose(jax.jit(metric)(*padded, mask=MASK), expected, rtol=1e-4)
    assert np.all(np.abs(jax.jit(metric)(*padded) / expected - 1) > 1e-3)  # the mask is needed


def test_rmse_in_the_units_given():
    error = TRUTH_AB.astype(np.float64) - CHANGED_AB
    expected = np.sqrt(np.mean(error**2, axis=(1, 2, 3)))
    np.testing.assert_allclose(jax.jit(metrics.rmse_ab)(TRUTH_AB, CHANGED_AB), expected, rtol=1e-5)
    np.testing.assert_array_equal(jax.jit(metrics.psnr)(TRUTH, TRUTH), np.full(3, np.inf))
    np.testing.assert_allclose(jax.jit(metrics.ssim)(TRUTH, TRUTH), np.ones(3), atol=1e-5)


def test_ssim_refuses_images_smaller_than_its_window():
    with pytest.raises(ValueError, match="at least 7x7 pixels; these have 6x300"):
        jax.jit(metrics.ssim)(TRUTH[:, :6], CHANGED[:, :6])


@pytest.mark.parametrize("rebalanced", [False, True])
def test_auc_integrates_the_cumulative_histogram(rebalanced):
    """The share of (weighted) pixels whose error is within d, averaged over d from 0 to 150."""
    predictions = CHANGED_AB, np.zeros_like(TRUTH_AB), 2.5 * TRUTH_AB[::-1]
    weights = np.ones(TRUTH_AB.shape[:3], np.float32)
    if rebalanced:
        nearest = jax.jit(partial(bins.encode, neighbors=1))(TRUTH_AB)[0][..., 0]
        weights = prior.class_weights(prior.IMAGENET, mix=0.0)[np.asarray(nearest)]
    auc = jax.jit(lambda *pair: metrics.auc(*pair, pixel_weights=jnp.asarray(weights)))
    for prediction in predictions:
        error = np.linalg.norm(TRUTH_AB - prediction, axis=-1)
        expected = []
        for e, w in zip(error, weights, strict=True):
            histogram, _ = np.histogram(e, bins=15_000, range=(0, 150), weights=w)
            expected.append(np.mean(np.cumsum(histogram)) / np.sum(w, dtype=np.float64))
        np.testing.assert_allclose(auc(TRUTH_AB, prediction), expected, atol=2e-4)


def test_colorfulness_is_hasler_and_suesstrunks():
    red, green, blue = np.moveaxis(255 * TRUTH.astype(np.float64), -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    deviation, mean = opponents.std(axis=(2, 3)), opponents.mean(axis=(2, 3))
    expected = np.hypot(*deviation) + 0.3 * np.hypot(*mean)
    colorfulness = jax.jit(metrics.colorfulness)
    np.testing.assert_allclose(colorfulness(TRUTH), expected, rtol=1e-4)
    grey = np.repeat(TRUTH[..., :1], 3, axis=-1)
    np.testing.assert_allclose(colorfulness(grey), np.zeros(3), atol=1e-3)


def test_absolute_colorfulness_is_that_of_ddcolors_code():
    red, green, blue = np.moveaxis(255 * TRUTH.astype(np.float64), -1, 0)
    opponents = np.abs([red - green, (red + green) / 2 - blue])
    deviation, mean = opponents.std(axis=(2, 3)), opponents.mean(axis=(2, 3))
    expected = np.hypot(*deviation) + 0.3 * np.hypot(*mean)
    actual = jax.jit(partial(metrics.colorfulness, absolute=True))(TRUTH)
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


def test_ciede2000_is_scikit_images_mean():
    expected = skimage.color.deltaE_ciede2000(TRUTH_LAB, CHANGED_LAB).mean(axis=(1, 2))
    actual = jax.jit(metrics.mean_ciede2000)(TRUTH_LAB, CHANGED_LAB)
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


def test_compare_returns_every_metric():
    pixels = skimage.color.rgb2lab(TRUTH).astype(np.float32)
    weights = prior.class_weights(prior.IMAGENET, mix=0.0)
    perfect = jax.jit(metrics.compare)(TRUTH, pixels, TRUTH_AB, MASK, weights)
    grey = jax.jit(metrics.compare)(TRUTH, pixels, np.zeros_like(TRUTH_AB), MASK, weights)
    assert {*perfect, "loss"} == set(metrics.METRICS)
    ones = np.ones(3)
    for name in ("rmse_ab", "ciede2000"):
        np.testing.assert_allclose(perfect[name], 0 * ones)
    for name in ("ssim", "auc", "auc_rebalanced"):
        np.testing.assert_allclose(perfect[name], ones, atol=1e-4)
        assert np.all(np.asarray(grey[name]) < 0.999)
    assert np.all(np.asarray(perfect["psnr"]) > 90)
    for name in ("colorfulness", "colorfulness_absolute"):
        np.testing.assert_allclose(perfect[name], perfect[f"{name}_truth"], rtol=1e-3)
    assert np.all(np.asarray(grey["colorfulness"]) < 0.5)
    # A grey guess is worst where colour is rare, which is what the rebalanced AuC shows.
    assert np.all(np.asarray(grey["auc_rebalanced"]) < np.asarray(grey["auc"]))
