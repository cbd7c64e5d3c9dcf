"""Coarse colour comes to the pixels of the photograph."""

import numpy as np
from PIL import Image

from cic_jax import upsample


def test_bilinear_agrees_with_pillow():
    ab = np.random.default_rng(0).normal(0, 40, (9, 13, 2)).astype(np.float32)
    h, w = 100, 171
    scale = np.array([h / 9, w / 13], np.float32)
    whole = [
        np.asarray(Image.fromarray(plane).resize((w, h), Image.Resampling.BILINEAR))
        for plane in np.moveaxis(ab, -1, 0)
    ]
    top, left = 30, 100
    part = upsample.bilinear(ab, scale, np.float32([top, left]), (40, 50))
    expected = np.stack(whole, axis=-1)[top : top + 40, left : left + 50]
    np.testing.assert_allclose(part, expected, atol=1e-3)
