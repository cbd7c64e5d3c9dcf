"""The study's SSIM is that of scikit-image with its data range."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from cic_jax import lab
from cic_jax.study import score


def test_ssim_with_the_studys_range_is_scikit_images():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 8, 3), np.uint8)
    rgb = np.asarray(Image.fromarray(coarse).resize((32, 40), Image.Resampling.BICUBIC))
    ab = rng.normal(0, 15, (1, 40, 32, 2)).astype(np.float32)
    given = jnp.asarray(rgb[None] / 255, jnp.float32)
    pixels = lab.rgb_to_lab(given)
    ours = score.compare(given, pixels, jnp.asarray(ab), None)["ssim_range_2"]
    coloured = lab.lab_to_rgb(jnp.concatenate([pixels[..., :1], ab], axis=-1))
    expected, right = (
        structural_similarity(
            rgb / 255, np.asarray(coloured[0], np.float64), channel_axis=-1, data_range=extent
        )
        for extent in (2, 1)
    )
    assert float(ours[0]) == pytest.approx(expected, abs=1e-4)
    assert expected > right + 0.01
