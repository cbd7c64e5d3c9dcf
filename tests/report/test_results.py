"""RESULTS.md says what the files say, and shows only what may be shown."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from photo_files import encode, numbered, picture, write_tar

from cic_jax.configs import default
from cic_jax.report import results
from cic_jax.report.markdown import split_sections

ROOT = Path(__file__).parents[2]
CARS = "n02958343"
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


@pytest.mark.slow
def test_from_runs_to_the_page(tmp_path):
    photographs = [encode(picture(seed)) for seed in range(120)]
    write_tar(tmp_path / f"{CARS}.tar", numbered(CARS, photographs))
    study = tmp_path / "study"
    done = run(
        *("reproduce.py", f"--workdir={study}", f"--experimental={CARS}", f"--final={CARS}"),
        *("--config.data.source=imagenet_vehicles", f"--config.data.path={tmp_path}"),
        *(f"--config.data.data_dir={tmp_path}/data", "--config.data.size=48"),
        *("--config.model.width=0.05", "--config.train.crop=32", "--config.train.batch_size=16"),
        *("--config.train.epochs=0.5", "--models=simplified"),
    )
    assert done.returncode == 0, done.stderr
    done = run("evaluate.py", f"--workdir={study}/simplified")
    assert done.returncode == 0, done.stderr
    with (study / "simplified/test.csv").open() as file:
        tested = [row["name"] for row in csv.DictReader(file)]
    index = tmp_path / "index.csv"
    with index.open("w", newline="") as file:
        rows = csv.DictWriter(file, ROW)
        rows.writeheader()
        rows.writerow(ROW | {"file": tested[1]})
        rows.writerow(ROW | {"file": tested[0], "may_be_shown": "no"})
    flags = (f"--out={tmp_path}/out", f"--index={index}")
    for which in (f"--release={study}/simplified", f"--study={study}"):  # one after the other
        done = run("results.py", *flags, which)
        assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/RESULTS.md").read_text()
    scores = json.loads((study / "simplified/test.json").read_text())
    assert f"{scores['model']['psnr']['mean']:.1f}" in text
    assert "--config.data.path=TARS" in text
    assert str(tmp_path) not in text
    assert "[Ann](https://a.org/1)" in text
    for figure in ("study_metrics.png", "study_predictions.jpg", "released_predictions.jpg"):
        assert f"figures/{figure}" in text
        assert 2_000 < (tmp_path / "out/figures" / figure).stat().st_size < 400_000
    assert list(split_sections(text)) == ["The study, repeated", "The released model"]
    refused = run("results.py", *flags, f"--study={study}", f"--names={tested[0]}")
    assert refused.returncode != 0
    assert f"--names has {tested[0]}, which --index does not allow" in refused.stderr


def run(script, *flags):
    command = [sys.executable, str(ROOT / "experiments" / script), *flags]
    environment = os.environ | {"PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
