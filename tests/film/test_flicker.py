"""The measures of flicker, against their definitions."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from cic_jax.film import flicker

FILM = np.random.default_rng(0).integers(0, 256, (7, 12, 10, 3), np.uint8)


def test_consistency_is_the_mean_divergence_of_histograms():
    def histogram(picture, channel):
        return np.bincount(picture[..., channel].ravel(), minlength=256) / picture[..., 0].size

    expected = [
        np.mean(
            [
                jensenshannon(histogram(a, c), histogram(b, c)) ** 2
                for a, b in zip(FILM[:-n], FILM[n:], strict=True)
                for c in range(3)
            ]
        )
        for n in (1, 2, 4)
    ]
    assert flicker.consistency(FILM) == pytest.approx(np.mean(expected), rel=1e-6)
    assert flicker.consistency(np.repeat(FILM[:1], 5, axis=0)) == 0
    with pytest.raises(ValueError, match="at least 5 pictures"):
        flicker.consistency(FILM[:4])


def test_what_only_moves_does_not_differ_along_its_motion():
    wide = np.random.default_rng(1).normal(size=(8, 20, 2)).astype(np.float32)
    film = np.stack([wide[:, t : t + 12] for t in range(5)])
    place = np.moveaxis(np.indices((8, 12)), 0, -1) + np.array([0, 1.0])
    share = np.ones((8, 12))
    share[:, -1] = 0
    places, shares = np.stack([place] * 4), np.stack([share] * 4)
    assert flicker.warped_difference(film, places, shares) == pytest.approx(0, abs=1e-6)
    film[1::2] += 3.0
    assert flicker.warped_difference(film, places, shares) == pytest.approx(3 * 2**0.5, rel=1e-5)
