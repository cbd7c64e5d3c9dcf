import numpy as np
import pytest

from cic_jax.train.bootstrap import interval, intervals, reduction


def test_one_seed_resamples_photographs_and_more_widen_the_interval():
    values = np.random.default_rng(1).normal(3.0, 1.0, 200)
    draws = np.random.default_rng(0).multinomial(200, np.full(200, 1 / 200), size=10_000) / 200
    low, high = np.percentile(draws @ values, [2.5, 97.5])
    narrow = intervals({"y": values})["y"]
    assert narrow == pytest.approx({"mean": np.mean(values), "low": low, "high": high})
    seeds = values + np.array([[-1.0], [1.0]])
    wide = interval(seeds)
    assert wide["mean"] == pytest.approx(narrow["mean"])
    assert wide["low"] < narrow["low"] - 0.5
    assert wide["high"] > narrow["high"] + 0.5


def test_intervals_cover_the_mean_95_times_in_100():
    rng = np.random.default_rng(0)
    simulated = [interval(rng.normal(0.0, 1.0, (1, 60))) for _ in range(200)]
    covered = np.mean([x["low"] <= 0 <= x["high"] for x in simulated])
    assert 0.89 < covered < 0.99


def test_a_reduction_is_paired():
    base = np.random.default_rng(0).gamma(2.0, 5.0, 100)
    assert reduction(0.9 * base, base) == pytest.approx({"mean": 0.1, "low": 0.1, "high": 0.1})
    lower = base - 1
    assert reduction(lower, base)["mean"] == pytest.approx(1 / base.mean())
    assert reduction(lower, base)["low"] > 0
