"""The commands of the study, from tars to RESULTS.md, on one study of two small models."""

import csv
import json
import tarfile

import pytest
from commands import config_flags, run_script
from photo_files import encode, numbered, picture, write_tar

from cic_jax.report.markdown import split_sections
from cic_jax.study import claims

pytestmark = pytest.mark.slow
CARS, BOATS, SCENES = "n02958343", "n02858304", "n08613733"
ROW = {"file": "a.JPEG", "may_be_shown": "yes", "author": "Ann", "page": "https://a.org/1"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of tars of three synsets."""
    root = tmp_path_factory.mktemp("tars")
    for wnid, first, count in ((CARS, 0, 90), (BOATS, 200, 40), (SCENES, 400, 120)):
        photographs = [encode(picture(seed)) for seed in range(first, first + count)]
        write_tar(root / f"{wnid}.tar", numbered(wnid, photographs))
    return root


@pytest.fixture(scope="module")
def command(root):
    """The command of a study on two sets of synsets, one of them a sample."""
    return [
        *("reproduce", f"--workdir={root}/study"),
        *(f"--experimental={CARS},{BOATS}", "--at_most=50", f"--as_many={SCENES}"),
        f"--final={CARS},{BOATS},{SCENES}",
        *config_flags(
            data={"source": "imagenet_vehicles", "path": root, "data_dir": root / "data"}
            | {"size": 48},
            model={"width": 0.05, "dtype": "bfloat16"},
            train={"crop": 32, "batch_size": 16, "epochs": 0.5},
        ),
    ]


@pytest.fixture(scope="module")
def study(root, command):
    """What two runs of that command leave, one model each, and what the second of them said."""
    for flags in (["--models=simplified"], ["--models=simplified_final", "--at_once=2"]):
        done = run_script(*command, *flags)
        assert done.returncode == 0, done.stderr
    return root / "study", done.stdout


def test_a_model_that_is_not_known_is_refused(command):
    refused = run_script(*command, "--models=unbalanced,simple")
    assert refused.returncode != 0
    assert "--models has simple; there are euclidean" in refused.stderr + refused.stdout


def test_more_processes_than_cores_are_refused(command):
    refused = run_script(*command, "--at_once=1000")
    assert refused.returncode == 2
    assert "--at_once: expected at most" in refused.stderr


def test_from_tars_to_the_report_and_resumed(study, root):
    """Trained models are not trained again."""
    study, said = study
    assert "Training Simplified final" in said
    assert "Training Simplified," not in said
    results = json.loads((study / "study.json").read_text())
    assert list(results["models"]) == ["simplified", "simplified_final"]
    sampled = {}
    for path in (study / "experimental/tars").iterdir():
        with tarfile.open(path) as tar:
            sampled[path.stem] = len(tar.getnames())
    assert sampled == {CARS: 50, BOATS: 40, SCENES: 50 + 40}
    scores = results["figures"]["simplified"]
    assert scores["ssim_range_2"]["mean"] > scores["ssim"]["mean"]
    overfitted = [claim for claim in results["claims"] if claims.OVERFITTING in claim["saw"]]
    assert 1 <= len(overfitted) <= 2  # one tells of all models that did not
    assert len(results["claims"]) == len(claims.CLAIMS) + len(overfitted) + len(claims.RATIOS)
    config = json.loads((study / "simplified_final/config.json").read_text())
    assert config["train"]["init_from"] == str(study / "simplified")
    assert config["data"]["synsets"] == sorted([CARS, BOATS, SCENES])
    for name in ("study.csv", "study.md", "report.html", "figures/predictions.png"):
        assert (study / name).stat().st_size > 500


def test_runs_that_came_from_elsewhere_are_reported_without_checkpoints(study, command, tmp_path):
    study, _ = study
    models = "--models=simplified,simplified_final"
    done = run_script(*command, models, f"--bring={tmp_path}/out")
    assert done.returncode == 0, done.stderr
    assert "Training" not in done.stdout
    assert "Scoring" not in done.stdout  # each run keeps its scores
    elsewhere = [command[0], f"--workdir={tmp_path}/study", *command[2:]]
    done = run_script(*elsewhere, f"--merge={tmp_path}/out")
    assert done.returncode == 0, done.stderr
    assert "Merged: simplified, simplified_final" in done.stdout
    before, after = (
        json.loads((at / "study.json").read_text()) for at in (study, tmp_path / "study")
    )
    assert before["figures"] == after["figures"]
    assert before["models"] == after["models"]
    assert {"compile", "steps", "evaluation", "saving", "scoring"} <= set(
        after["models"]["simplified"]["seconds"][0]
    )
    merged = tmp_path / "study/simplified_final"
    assert not (merged / "checkpoints").exists()
    assert (merged / "model/model.json").exists()
    assert (tmp_path / "study/figures/predictions.png").stat().st_size > 500


def test_from_runs_to_the_page_of_results(study, root, tmp_path):
    study, _ = study
    done = run_script("evaluate", f"--workdir={study}/simplified")
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
        done = run_script("results", *flags, which)
        assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/RESULTS.md").read_text()
    scores = json.loads((study / "simplified/test.json").read_text())
    assert f"{scores['model']['psnr']['mean']:.1f}" in text
    assert "--config.data.path=TARS" in text
    assert str(root) not in text
    assert str(tmp_path) not in text
    assert "[Ann](https://a.org/1)" in text
    for figure in ("study_metrics.png", "study_predictions.jpg", "released_predictions.jpg"):
        assert f"figures/{figure}" in text
        assert 2_000 < (tmp_path / "out/figures" / figure).stat().st_size < 400_000
    assert list(split_sections(text)) == ["The study, repeated", "The released model"]
    refused = run_script("results", *flags, f"--study={study}", f"--names={tested[0]}")
    assert refused.returncode != 0
    assert f"--names has {tested[0]}, which --index does not allow" in refused.stderr
