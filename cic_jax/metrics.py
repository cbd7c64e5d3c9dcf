"""Metrics of a colouring against the truth, one value per photograph, with titles and units.

Each function takes the truth first, and optionally `mask`, True where a pixel is real; a photograph
without real pixels gives NaN. Half precision is computed as float32. All raise TypeError for
integers, such as 8-bit values, and ValueError where shapes disagree: nothing is broadcast.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from cic_jax import bins, ciede2000, convolutions, expected, lab

# SSIM's constants (Wang et al., 2004), and the window of scikit-image's default.
K1, K2, WINDOW = 0.01, 0.03, 7
AUC_LIMIT = 150  # ab error at which Zhang's cumulative curve ends

Mask = Bool[Array, "b h w"] | None


class Metric(NamedTuple):
    """Title, unit and decimal digits in tables and figures, and which values are better, if any."""

    title: str
    unit: str = ""
    better: Literal["lower", "higher", ""] = ""
    digits: int = 3


# Every metric that evaluation produces, in the order of tables: the keys of `compare`, the loss.
METRICS = {
    "rmse_ab": Metric("RMSE of ab", "CIELAB units", "lower", digits=1),
    "rmse": Metric("RMSE of RGB", "values in [0, 1]", "lower"),
    "psnr": Metric("PSNR", "dB", "higher", digits=1),
    "ssim": Metric("SSIM", "1 is the truth", "higher"),
    "auc": Metric("AuC of ab error", better="higher"),
    "auc_rebalanced": Metric("AuC, rebalanced", better="higher"),
    "ciede2000": Metric("CIEDE2000", "1 is just seen", "lower", digits=1),
    "colorfulness": Metric("Colourfulness", digits=1),
    "colorfulness_truth": Metric("Colourfulness of the truth", digits=1),
    "colorfulness_absolute": Metric("Colourfulness, absolute", digits=1),
    "colorfulness_absolute_truth": Metric("Colourfulness, absolute, of the truth", digits=1),
    "loss": Metric("Loss", better="lower"),
}
LIKENESS = ("rmse_ab", "rmse", "psnr", "ssim")  # the study's four, which figures show
RANKED = tuple(name for name, metric in METRICS.items() if metric.better)  # can choose a best step


def lookup(name: str) -> Metric:
    """Return the entry in METRICS, or one with the raw name as its title."""
    return METRICS.get(name, Metric(name))


def rmse(
    truth: Float[Array, "b h w c"], prediction: Float[Array, "b h w c"], mask: Mask = None
) -> Float[Array, " b"]:
    """Compute the root mean squared error over pixels and channels, in the units given."""
    truth, prediction = _pair(truth, prediction)
    return jnp.sqrt(_mean((truth - prediction) ** 2, mask))


def rmse_ab(
    truth: Float[Array, "b h w 2"], prediction: Float[Array, "b h w 2"], mask: Mask = None
) -> Float[Array, " b"]:
    """Compute `rmse` of a and b, in CIELAB units."""
    return rmse(*_pair(truth, prediction, 2), mask)


def psnr(
    truth: Float[Array, "b h w c"], prediction: Float[Array, "b h w c"], mask: Mask = None
) -> Float[Array, " b"]:
    """Compute the peak signal-to-noise ratio in dB of values in [0, 1]; infinite if equal."""
    return -20.0 * jnp.log10(rmse(truth, prediction, mask))


def ssim(
    truth: Float[Array, "b h w c"], prediction: Float[Array, "b h w c"], mask: Mask = None
) -> Float[Array, " b"]:
    """Compute structural similarity (Wang et al., 2004) of values in [0, 1], mean over channels.

    Windows are 7x7 and uniform, covariances those of a sample, as in scikit-image with
    data_range=1; only windows that lie within the photograph count. Raises ValueError for images
    smaller than a window.
    """
    truth, prediction = _pair(truth, prediction)
    if min(truth.shape[1:3]) < WINDOW:
        size = "x".join(map(str, truth.shape[1:3]))
        raise ValueError(
            f"SSIM needs images of at least {WINDOW}x{WINDOW} pixels; these have {size}"
        )
    mean = partial(convolutions.window_mean, size=WINDOW)
    ux, uy = mean(truth), mean(prediction)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    vx = sample * (mean(truth**2) - ux**2)
    vy = sample * (mean(prediction**2) - uy**2)
    vxy = sample * (mean(truth * prediction) - ux * uy)
    c1, c2 = K1**2, K2**2
    similarity = ((2 * ux * uy + c1) * (2 * vxy + c2)) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))
    whole = None if mask is None else mean(mask[..., None].astype(truth.dtype))[..., 0] > 1 - 1e-4
    return _mean(similarity, whole)


def auc(
    truth: Float[Array, "b h w 2"],
    prediction: Float[Array, "b h w 2"],
    mask: Mask = None,
    pixel_weights: Float[Array, "b h w"] | None = None,
) -> Float[Array, " b"]:
    """Compute the area under the cumulative curve of ab error from 0 to 150 (CIC, section 3.1).

    It lies in [0, 1]. A pixel of error e contributes 1 - e / 150, so that no histogram is needed.
    CIC's rebalanced variant has `pixel_weights` = w[bin of the truth], with class weights w of
    mix 0.
    """
    truth, prediction = _pair(truth, prediction, 2)
    error = jnp.sqrt(jnp.sum((truth - prediction) ** 2, axis=-1))
    area = jnp.clip(1.0 - error / AUC_LIMIT, 0.0, 1.0)
    weights = jnp.ones_like(area) if pixel_weights is None else pixel_weights
    if mask is not None:
        expected.same_shape("mask", mask, weights.shape, "the photographs")
        weights = weights * mask
    return _mean(area[..., None], weights)


def mean_ciede2000(
    truth: Float[Array, "b h w 3"], prediction: Float[Array, "b h w 3"], mask: Mask = None
) -> Float[Array, " b"]:
    """Compute the mean over pixels of CIEDE2000 between colours in CIELAB."""
    truth, prediction = _pair(truth, prediction, 3)
    return _mean(ciede2000.difference(truth, prediction)[..., None], mask)


def colorfulness(
    rgb: Float[Array, "b h w 3"], mask: Mask = None, *, absolute: bool = False
) -> Float[Array, " b"]:
    """Compute colourfulness (Hasler and Suesstrunk, 2003) in units of 8-bit values.

    0 is grey, 15 slightly colourful and 59 quite colourful. With `absolute`, the opponents R - G
    and (R + G) / 2 - B count without their signs, as in the code of DDColor (Kang et al., 2023) and
    others, whose values are lower: opposite colours then do not add to the deviation.
    """
    rgb = expected.floats("photographs", rgb, 3, "b h w 3")
    red, green, blue = 255.0 * rgb[..., 0], 255.0 * rgb[..., 1], 255.0 * rgb[..., 2]
    opponents = jnp.stack([red - green, (red + green) / 2 - blue], axis=-1)
    if absolute:
        opponents = jnp.abs(opponents)
    mean = jnp.stack([_mean(opponents[..., i : i + 1], mask) for i in range(2)], axis=-1)
    centred = (opponents - mean[:, None, None]) ** 2
    variance = jnp.stack([_mean(centred[..., i : i + 1], mask) for i in range(2)], axis=-1)
    return jnp.sqrt(jnp.sum(variance, axis=-1)) + 0.3 * jnp.sqrt(jnp.sum(mean**2, axis=-1))


def _pair(
    truth: ArrayLike, prediction: ArrayLike, channels: int | None = None
) -> tuple[Array, Array]:
    """Return truth and prediction as floats of one shape."""
    form = f"b h w {channels or 'c'}"
    truth = expected.floats("truth", truth, channels, form)
    prediction = expected.floats("prediction", prediction, channels, form)
    expected.same_shape("prediction", prediction, truth.shape, "the truth")
    return truth, prediction


def _mean(
    values: Float[Array, "b h w c"], weights: Bool[Array, "b h w"] | Float[Array, "b h w"] | None
) -> Float[Array, " b"]:
    """Average over pixels, weighted, and over channels.

    Written as a matrix product: XLA's CPU backend would fuse the computation of `values` into a
    sum, and carry it out one value at a time.
    """
    if weights is None:
        weights = jnp.ones(values.shape[:3], bool)
    expected.same_shape("mask", weights, values.shape[:3], "the photographs")
    weights = weights.astype(values.dtype)
    total = jnp.einsum("bhwc,bhw->bc", values, weights, precision=jax.lax.Precision.HIGHEST)
    return jnp.mean(total, axis=-1) / jnp.sum(weights, axis=(1, 2))


def compare(
    rgb: Float[Array, "b h w 3"],
    pixels: Float[Array, "b h w 3"],
    ab: Float[Array, "b h w 2"],
    mask: Mask,
    class_weights: Float[Array, " q"] | Float[np.ndarray, " q"],
) -> dict[str, Float[Array, " b"]]:
    """Compute all metrics of predicted ab against photographs, by name.

    Args:
        rgb: Photographs in sRGB, values in [0, 1].
        pixels: The same photographs in CIELAB.
        ab: Predicted colours in CIELAB units.
        mask: True where a pixel is real; None if all are.
        class_weights: Weights of the published bins, for the rebalanced AuC.
    """
    truth = pixels[..., 1:]
    predicted = jnp.concatenate([pixels[..., :1], ab], axis=-1)
    colored = lab.lab_to_rgb(predicted)
    nearest, _ = bins.encode(truth, neighbors=1)
    return {
        "rmse_ab": rmse_ab(truth, ab, mask),
        "rmse": rmse(rgb, colored, mask),
        "psnr": psnr(rgb, colored, mask),
        "ssim": ssim(rgb, colored, mask),
        "auc": auc(truth, ab, mask),
        "auc_rebalanced": auc(truth, ab, mask, jnp.asarray(class_weights)[nearest[..., 0]]),
        "ciede2000": mean_ciede2000(pixels, predicted, mask),
        "colorfulness": colorfulness(colored, mask),
        "colorfulness_truth": colorfulness(rgb, mask),
        "colorfulness_absolute": colorfulness(colored, mask, absolute=True),
        "colorfulness_absolute_truth": colorfulness(rgb, mask, absolute=True),
    }
