"""Coherence of read-outs, on drawn scenes and on photographs of known colours."""

import numpy as np
import pytest

from cic_jax import read_out
from cic_jax.train import coherence
from cic_jax.train.sample import Sample


@pytest.fixture(scope="module")
def drawn():
    return coherence.drawn(4, size=64)


def test_drawn_things_are_the_bodies_of_vehicles(drawn):
    assert 2 <= len(drawn.sample.names) <= 4
    assert {*drawn.sample.groups} == {"drawn"}
    assert all(regions.max() >= 1 for regions in drawn.regions)


def test_one_colour_everywhere_has_no_excess_and_two_have_one(drawn):
    rows = np.arange(len(drawn.sample.names))
    one = np.full((len(rows), 16, 16, 2), 10, np.float32)
    none = coherence.spreads(drawn, one, 0.0, rows)
    np.testing.assert_allclose(none["spread"], 0, atol=1e-6)
    np.testing.assert_allclose(none["spread_excess"], -none["spread_truth"], atol=1e-6)
    assert np.all(none["spread_truth"] < 2)
    two = one * np.where(np.arange(16)[:, None] % 4 < 2, 1, -1)
    striped = coherence.spreads(drawn, two, 1.0, rows)
    assert np.all(striped["spread_excess"] > 3)
    stronger = coherence.spreads(drawn, two, 1.5, rows)
    assert np.all(stronger["spread"] > striped["spread"])


def test_segments_have_their_true_colour_and_a_photograph_without_any_is_nan():
    L = np.full((32, 32, 1), 60, np.float32)
    ab = np.zeros((32, 32, 2), np.float32)
    ab[:, 16:] = [40, 30]
    plain = np.asarray(read_out.render(L, ab))
    mask = np.ones((2, 32, 32), bool)
    mask[1] = False
    sample = Sample(np.stack([plain, plain]), mask, ["a", "b"], ["x", "x"])
    things = coherence.segmented(sample)
    assert len(np.unique(things.regions[0])) >= 2
    colours = np.zeros((2, 8, 8, 2), np.float32)
    spread = coherence.spreads(things, colours, 1.0, np.arange(2))
    assert spread["spread"][0] == pytest.approx(0, abs=1e-6)
    assert np.isnan(spread["spread"][1])
