"""Photographs that go through the network together come out as each does alone."""

import numpy as np
from tiny_models import tiny_lite

from cic_jax.colorize import Colorizer, many


def test_together_as_alone():
    colorizer = Colorizer(tiny_lite(), size=32)
    rng = np.random.default_rng(0)
    shapes = [(40, 60), (40, 61, 3), (64, 64)]  # of one shape when padded: two and one
    photos = [rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    predicted = dict(many.predict(colorizer, photos, together=4))
    assert sorted(predicted) == list(range(len(photos)))
    for place, photo in enumerate(photos):
        alone = colorizer.predict(photo)
        assert predicted[place].pixels is photo
        np.testing.assert_array_equal(predicted[place].seen, alone.seen)
        np.testing.assert_allclose(predicted[place].output, alone.output, rtol=1e-3, atol=1e-3)
