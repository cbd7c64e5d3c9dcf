"""RESULTS.md from the runs of the commands: its numbers, its credits and what it keeps."""

import csv
import json

import pytest
from commands import run_script
from photo_files import encode, numbered, picture, write_tar

from cic_jax.report.markdown import section, split_sections
from cic_jax.report.results import Credit
from cic_jax.study import results_page

CARS = "n02958343"
ROW = {"file": "a.JPEG", "may_be_shown": "yes", "author": "Ann", "page": "https://a.org/1"}


def test_sections_that_are_not_written_anew_stay(tmp_path):
    choice = results_page.Choice({}, [], 1)
    first = results_page.Page(tmp_path, choice)
    first.add(section(results_page.SPEED, "fast"), section(results_page.STUDY, "once"))
    first.write()
    second = results_page.Page(tmp_path, choice)
    second.add(section(results_page.STUDY, "twice"), section("Details", "more", level=3))
    text = second.write().read_text()
    assert list(split_sections(text)) == [results_page.STUDY, results_page.SPEED]
    assert "fast" in text
    assert "twice" in text
    assert "more" in text
    assert "once" not in text


def test_photographs_are_those_named_or_the_first_allowed():
    allowed = {name: Credit(name, "Ann", "https://a.org") for name in ("b", "c", "d")}
    chosen = results_page.Choice(allowed, [], 2).credits("abcd")
    assert [credit.file for credit in chosen] == ["b", "c"]
    chosen = results_page.Choice(allowed, ["d"], 2).credits("abcd")
    assert [credit.file for credit in chosen] == ["d"]
    with pytest.raises(ValueError, match="--names has a, which --index does not allow"):
        results_page.Choice(allowed, ["a", "b"], 2).credits("abcd")


def test_a_run_that_is_missing_or_unfinished_names_its_command(tmp_path):
    page = results_page.Page(tmp_path, results_page.Choice({}, [], 1))
    with pytest.raises(SystemExit, match=r"study\.json: run experiments/reproduce\.py"):
        results_page.study_sections(page, tmp_path, results_page.STUDY, "study")
    (tmp_path / "study.json").write_text('{"plan": {}}')
    with pytest.raises(SystemExit, match="is not finished: rerun its command"):
        results_page.study_sections(page, tmp_path, results_page.STUDY, "study")


@pytest.mark.slow
def test_from_runs_to_the_page(tmp_path):
    photographs = [encode(picture(seed)) for seed in range(120)]
    write_tar(tmp_path / f"{CARS}.tar", numbered(CARS, photographs))
    study = tmp_path / "study"
    done = run_script(
        *("reproduce.py", f"--workdir={study}", f"--experimental={CARS}", f"--final={CARS}"),
        *("--config.data.source=imagenet_vehicles", f"--config.data.path={tmp_path}"),
        *(f"--config.data.data_dir={tmp_path}/data", "--config.data.size=48"),
        *("--config.model.width=0.05", "--config.train.crop=32", "--config.train.batch_size=16"),
        *("--config.train.epochs=0.5", "--models=simplified"),
    )
    assert done.returncode == 0, done.stderr
    done = run_script("evaluate.py", f"--workdir={study}/simplified")
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
        done = run_script("results.py", *flags, which)
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
    refused = run_script("results.py", *flags, f"--study={study}", f"--names={tested[0]}")
    assert refused.returncode != 0
    assert f"--names has {tested[0]}, which --index does not allow" in refused.stderr
