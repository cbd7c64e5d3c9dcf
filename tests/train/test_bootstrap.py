import numpy as np
import pytest

from cic_jax.train.bootstrap import interval, intervals


def test_interval_of_one_seed_is_that_of_evaluation_and_seeds_widen_it():
    values = np.random.default_rng(1).normal(3.0, 1.0, 200)
    draws = np.random.default_rng(0).multinomial(200, np.full(200, 1 / 200), size=10_000) / 200
    low, high = np.percentile(draws @ values, [2.5, 97.5])
    table = intervals({"y": values})["y"]
    assert table == pytest.approx({"mean": np.mean(values), "low": low, "high": high})
    seeds = values + np.array([[-1.0], [1.0]])
    wide = interval(seeds)
    assert wide["mean"] == pytest.approx(table["mean"])
    assert wide["low"] < table["low"] - 0.5
    assert wide["high"] > table["high"] + 0.5


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [interval(rng.normal(0.0, 1.0, (1, 60))) for _ in range(200)]
    covered = np.mean([x["low"] <= 0 <= x["high"] for x in found])
    assert 0.89 < covered < 0.99
