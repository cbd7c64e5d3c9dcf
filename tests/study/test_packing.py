"""What packing costs is the paired difference of a model's metrics."""

import pytest
from photo_files import encode, picture
from tiny_models import tiny_model

from cic_jax.configs import default
from cic_jax.photos import Photographs
from cic_jax.study import packing


def test_a_coarser_encoding_costs_more_and_the_table_says_so():
    config = default.get_config()
    config.data.update(size=32, short_side=32)
    config.train.batch_size = 4
    records = [{"image": encode(picture(seed), "PNG"), "name": str(seed)} for seed in range(4)]
    encodings = [packing.Encoding("webp", quality) for quality in (100, 5)]
    results = packing.cost(tiny_model(), Photographs("test", records), config, encodings)
    assert results["photographs"] == 4
    plain, fine, coarse = results["encodings"].values()
    assert coarse["bytes"] < fine["bytes"] < plain["bytes"]
    change = [abs(x["metrics"]["colorfulness_truth"]["mean"]) for x in (fine, coarse)]
    assert 0 < change[0] < change[1] < plain["metrics"]["colorfulness_truth"]["mean"]
    lines = packing.rows(results)
    assert [line["Photographs"] for line in lines] == ["as they are", "webp 100", "webp 5"]
    assert float(lines[0]["kB each"]) == pytest.approx(plain["bytes"] / 1000, abs=0.05)
