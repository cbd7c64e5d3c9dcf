"""Few programs are compiled for many photographs, and few are kept."""

import gc

import jax
from echo import echo_colorizer, noise
from tiny_models import tiny_model

from cic_jax import Colorizer, programs


def test_a_folder_of_many_sizes_compiles_few():
    colorizer, shapes = echo_colorizer()
    for w in range(96, 128, 2):
        colorizer(noise(64, w))
        colorizer(noise(2 * 64, 2 * w))
    assert len(shapes) == 1


def test_programs_do_not_become_more_with_the_shapes(monkeypatch):
    """Each takes up to a hundred megabytes."""
    monkeypatch.setattr(programs, "KEPT", 1)
    colorizer, counts = Colorizer(tiny_model(), size=64), []
    for width in (64, 128, 192, 256):
        colorizer(noise(64, width))
        gc.collect()
        counts.append(len(jax.devices()[0].client.live_executables()))
    assert counts[1] >= counts[2] >= counts[3]
