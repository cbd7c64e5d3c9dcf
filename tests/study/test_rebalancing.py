"""Curves of error against colourfulness, and models compared at equal colourfulness."""

import numpy as np
import pytest
from photo_files import picture
from tiny_models import tiny_model

from cic_jax import bins, read_out, target
from cic_jax.metrics import METRICS
from cic_jax.report import style
from cic_jax.study import protocol, rebalancing
from cic_jax.study.rebalancing import Curve
from cic_jax.train import matched
from cic_jax.train.sample import Sample

RNG = np.random.default_rng(0)
SCATTER = RNG.normal(0, 1, 40)  # of the photographs, the same for every model


def columns(colorfulness, rmse_ab):
    """Photographs with these means; they differ by what the photograph is."""
    return {
        "colorfulness": colorfulness + SCATTER,
        "rmse_ab": rmse_ab + SCATTER,
        "auc": 0.9 + 0 * SCATTER,
    }


def curve(colorfulness, rmse_ab):
    points = [columns(c, r) for c, r in zip(colorfulness, rmse_ab, strict=True)]
    return Curve(
        np.arange(len(points)),
        {name: np.stack([point[name] for point in points], axis=1) for name in points[0]},
    )


def test_a_curve_is_read_where_its_mean_is_as_colourful():
    found = rebalancing.at(curve([0, 10, 40], [10, 12, 24]), 25 + SCATTER.mean())
    np.testing.assert_allclose(found["rmse_ab"], 18 + SCATTER)
    assert rebalancing.at(curve([0, 10, 40], [10, 12, 24]), 60.0) is None


def test_a_falling_curve_is_read_as_well():
    found = rebalancing.at(curve([40, 10], [24, 12]), 25 + SCATTER.mean())
    np.testing.assert_allclose(found["rmse_ab"], 18 + SCATTER)


@pytest.mark.parametrize(("error", "said"), [(20.0, "worse than"), (15.0, "better than")])
def test_a_trained_model_is_compared_at_its_own_colourfulness(error, said):
    by = {"tau": curve([0, 50], [8, 28]), "temperature": curve([0, 10], [8, 9])}
    summarised = rebalancing.summary(by, {0.5: columns(25, error)}, 40.0)
    (one,) = summarised["trained"]
    assert set(one["minus"]) == {"tau"}  # no temperature makes it as colourful
    assert one["minus"]["tau"]["rmse_ab"]["mean"] == pytest.approx(error - 18)
    assert said in rebalancing.text(summarised)
    (row,) = rebalancing.rows(summarised)
    assert row["minus temperature"] == "not as colourful"
    assert style.png(rebalancing.figure(summarised))


def test_equal_errors_are_no_difference():
    noisy = columns(25, 18.0)
    noisy["rmse_ab"] = noisy["rmse_ab"] + RNG.normal(0, 2, 40) - 0.0
    summarised = rebalancing.summary({"tau": curve([0, 50], [8, 28])}, {0.5: noisy}, 40.0)
    one = summarised["trained"][0]["minus"]["tau"]["rmse_ab"]
    text = rebalancing.text(summarised)
    assert ("no different from" in text) == (one["low"] <= 0 <= one["high"])


def test_without_a_tau_that_reaches_it_the_text_says_so():
    summarised = rebalancing.summary({"tau": curve([0, 5], [8, 9])}, {0.5: columns(25, 18)}, 40.0)
    assert "No tau makes it as colourful as lambda 0.5." in rebalancing.text(summarised)


def test_the_three_ways_of_a_model_begin_at_the_same_colours(monkeypatch):
    p = np.linspace(1, 9, 313, dtype=np.float32)
    model = tiny_model(gain=60.0, palette=target.Palette(bins.CENTERS, p / p.sum(), None))
    photo = np.stack([np.asarray(picture(i, (32, 32))) for i in range(2)])
    sample = Sample(photo, np.ones(photo.shape[:3], bool), ["a", "b"], ["x", "x"])
    monkeypatch.setattr(rebalancing, "TAUS", (0.0, 1.0))
    monkeypatch.setattr(rebalancing, "TEMPERATURES", (1.0, 0.38))
    own = read_out.Settings()
    by = rebalancing.curves(model, sample, own)
    (at_one,) = np.flatnonzero(np.isclose(matched.SATURATIONS, 1))
    plain = rebalancing.point(model, sample, own)
    for name, values in plain.items():
        for way, at in (("saturation", at_one), ("tau", 0), ("temperature", 1)):
            np.testing.assert_allclose(by[way].metrics[name][:, at], values, rtol=1e-3)
    means = {way: curve.metrics["colorfulness"].mean(axis=0) for way, curve in by.items()}
    assert means["tau"][1] > means["tau"][0]  # rare bins are the colourful ones of this prior
    assert means["temperature"][1] > means["temperature"][0]


def test_cics_protocol_has_a_row_per_colouring_and_the_truth():
    one = {"mean": 0.5, "low": 0.4, "high": 0.6}
    model = {"groups": {"all": {"default": {"auc": one, "auc_rebalanced": one}}}}
    about = {"agreement": {"all": one}, "frechet_distance": 12.34}
    compared = {
        "models": {"rebalanced": model},
        "semantics": {
            "judge": "Judge",
            "photographs": 724,
            "colourings": {"rebalanced": about, "grey": about | {"frechet_distance": None}},
        },
    }
    rows = protocol.rows(compared)
    assert [row["Colouring"] for row in rows] == ["Rebalanced", "Grey", "Truth"]
    assert rows[0][METRICS["auc"].title] == "0.500 (0.400 to 0.600)"
    assert rows[0]["Agreement of Judge"] == "0.50 (0.40 to 0.60)"
    assert rows[1]["Fréchet distance of its features, n = 724"] == ""
    with pytest.raises(ValueError, match="with --judge"):
        protocol.rows({"models": {}})
