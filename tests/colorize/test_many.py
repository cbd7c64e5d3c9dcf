"""Photographs that go through the network together come out as each does alone."""

import numpy as np
import pytest
from tiny_models import tiny_lite, tiny_model

from cic_jax.colorize import Colorizer, many


@pytest.mark.parametrize("model", [tiny_model, tiny_lite])
@pytest.mark.parametrize("together", [1, 4])
def test_together_as_alone(model, together):
    colorizer = Colorizer(model(gain=30.0), size=32)
    rng = np.random.default_rng(0)
    shapes = [(40, 60), (40, 61, 3), (80, 40), (42, 60), (64, 64), (40, 60)]  # of two when padded
    photos = [rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    predicted = dict(many.predict(colorizer, photos, together=together))
    assert sorted(predicted) == list(range(len(photos)))
    for place, photo in enumerate(photos):
        alone = colorizer.predict(photo)
        assert predicted[place].pixels is photo
        np.testing.assert_array_equal(predicted[place].seen, alone.seen)
        np.testing.assert_allclose(predicted[place].output, alone.output, rtol=1e-3, atol=1e-3)
