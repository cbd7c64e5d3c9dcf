"""RESULTS.md says what the files say, and shows only what may be shown."""

import json
from pathlib import Path

import pytest

from cic_jax.configs import default
from cic_jax.report import results

ROOT = Path(__file__).parents[2]
ROW = {"file": "a.JPEG", "may_be_shown": "yes", "author": "Ann", "page": "https://a.org/1"}


def test_photographs_that_may_be_shown_need_an_author():
    rows = [ROW, ROW | {"file": "b.JPEG", "may_be_shown": "no", "author": ""}]
    allowed = results.credits(rows)
    assert list(allowed) == ["a.JPEG"]
    assert "[Ann](https://a.org/1)" in results.credited(list(allowed.values()))
    assert "drawn" in results.credited([])
    with pytest.raises(ValueError, match=r"no author or no page of a\.JPEG"):
        results.credits([ROW | {"author": ""}])


def test_a_command_without_the_machines_folders():
    given = ["/home/me/experiments/reproduce.py", "--config.data.path=/data/x", "--seeds=0,1"]
    assert results.command(["x.py", "--workdir=/a/b"]) == "python experiments/x.py --workdir=runs/b"
    assert results.command([*given, "--variants"]) == (
        "python experiments/reproduce.py --config.data.path=TARS --seeds=0,1 --variants"
    )


def test_minutes_are_photographs_over_their_speed():
    log = [
        {"split": "train", "step": 60, "images_per_second": 8.0},  # 60 steps of 16: 2 minutes
        {"split": "validation", "step": 60},
        {"split": "train", "step": 90, "images_per_second": 4.0},  # 30 more: 2 minutes
    ]
    assert results.training_minutes(log, 16) == pytest.approx(4.0)
    machine = {"device": "cpu", "cores": 2, "processor": "Some CPU"}
    row = results.run_row("simplified_final", default.get_config().to_dict(), log, machine)
    assert (row["Run"], row["Steps"], row["Seen"]) == ("Simplified final", "90", "2,880")
    assert row["Machine"] == "2 cores of Some CPU"
    unknown = results.run_row("x", default.get_config().to_dict(), [], None)
    assert (unknown["Steps"], unknown["Machine"]) == ("0", "not recorded")


def test_benchmark_rows_of_a_recorded_run():
    benchmark = json.loads((ROOT / "docs" / "benchmark" / "benchmark.json").read_text())
    rows = results.benchmark_rows(benchmark)
    assert len(rows) == sum(map(len, benchmark["figures"].values()))
    # The first of its work is compared with itself; a probe of the machine, with nothing.
    assert rows[0]["Time relative to the first"] == "1"
    probes = [row for row in rows if "to the other core" in row["By"]]
    assert {row["Time relative to the first"] for row in probes} == {""}
