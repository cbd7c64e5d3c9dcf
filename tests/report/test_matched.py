"""The table and files of errors at matched colourfulness, from made-up metrics."""

import csv
import json

import numpy as np
import pytest

from cic_jax.read_out import Settings
from cic_jax.report import matched as report
from cic_jax.train.matched import SATURATIONS, Scores

NAMES = {"scenes": ["a", "b"], "people": ["c", "d"], "all": ["a", "b", "c", "d"]}


def scored(rmse_ab, saturation):
    """All photographs have this error, and at default half of the truth's colourfulness."""

    def columns(count, share):
        values = np.linspace(1, 2, count)
        return {
            "rmse_ab": rmse_ab * values,
            "auc": 0.9 * np.ones(count),
            "ciede2000": np.array([np.nan, *values[1:]]),
            "spread_excess": 3 * values,
            "colorfulness": 40 * share * values,
            "colorfulness_truth": 40 * values,
        }

    curve = {"rmse_ab": [rmse_ab] * len(SATURATIONS)}
    return report.Scored(
        Settings(tau=0.25),
        {
            group: Scores(
                names, saturation, columns(len(names), 0.5), columns(len(names), 1.0), curve
            )
            for group, names in NAMES.items()
        },
    )


@pytest.fixture(scope="module")
def models():
    return {"ours": scored(8.0, 1.5), "theirs": scored(10.0, float(SATURATIONS[-1]))}


def test_each_model_and_group_has_a_row_compared_with_the_baseline(models):
    rows = report.rows(report.summary(models, "theirs"))
    assert [(row["Group"], row["Model"]) for row in rows[:3]] == [
        ("scenes (2)", "ours"),
        ("scenes (2)", "theirs"),
        ("people (2)", "ours"),
    ]
    assert rows[0]["Colourfulness / truth's"] == "50%"
    assert rows[0]["RMSE of ab below theirs by"] == "20.0% (20.0% to 20.0%)"
    assert rows[1]["RMSE of ab below theirs by"] == "-"
    assert rows[0]["CIEDE2000"] == "2.0"  # of the photograph that has one
    assert rows[1]["Matched at"] == "not reached at 4.00"


def test_the_files_hold_every_photograph_by_name(models, tmp_path):
    summarised = report.summary(models)
    report.write(summarised, models, tmp_path / "out" / "matched")
    written = json.loads((tmp_path / "out/matched.json").read_text())
    assert written["models"]["ours"]["settings"]["tau"] == 0.25
    assert len(written["models"]["ours"]["groups"]["all"]["curve"]["rmse_ab"]) == len(SATURATIONS)
    assert "rmse_ab_reduction" not in written["models"]["ours"]["groups"]["all"]
    with (tmp_path / "out/matched.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * (4 + 4)  # models, read-outs, photographs by group and all
    people = [row for row in rows if row["group"] == "people" and row["read_out"] == "matched"]
    assert [row["name"] for row in people if row["model"] == "ours"] == ["c", "d"]
