"""The demo on a shrunken config, and the figures of the run that it leaves behind."""

import json
import re

import pytest
from commands import config_flags, run_script

from cic_jax.train import record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("demo")
    settings = config_flags(
        data={"scenes": 60, "size": 64, "short_side": 64, "data_dir": workdir / "prepared"},
        model={"width": 0.05},
        train={"crop": 32, "batch_size": 4, "epochs": 12, "evaluate_every": 2},
    )
    done = run_script("demo", f"--workdir={workdir}", *settings)
    assert done.returncode == 0, done.stderr
    return workdir, done


def test_it_ends_by_naming_a_page_that_needs_nothing_else(demo):
    workdir, done = demo
    assert done.stdout.splitlines()[-1].endswith(f"The page: {workdir / 'index.html'}")
    html = (workdir / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:image/)', html)
    titles = re.findall("<h2>(.*)</h2>", html)
    assert titles[0] == "What was done"
    assert titles[-1] == "Next"
    # Scenes and 2 photographs grey, coloured and true; 7 temperatures between grey and truth.
    scenes = min(4, int(re.search(r"and (\d+) to test", html)[1]))
    assert html.count("data:image/jpeg") == 3 * (scenes + 2) + 9
    assert html.count("data:image/png") == 2


def test_training_was_interrupted_and_went_on(demo):
    workdir, done = demo
    lines = record.read(workdir / "model")
    steps = [line["step"] for line in lines if line["split"] == "validation"]
    assert steps == sorted(set(steps))
    assert len(steps) == 6
    (resumed,) = re.findall(r"Resuming from step (\d+)", done.stderr)
    assert steps[0] <= int(resumed) < steps[-1]
    assert f"After step {resumed} it was interrupted" in (workdir / "index.html").read_text()


def test_the_table_has_the_grey_baseline_with_intervals(demo):
    workdir, _ = demo
    summary = json.loads((workdir / "model" / "test.json").read_text())
    for colouring in ("model", "grey"):
        interval = summary[colouring]["rmse_ab"]
        assert interval["low"] < interval["mean"] < interval["high"]
        assert f"{interval['mean']:.1f} (" in (workdir / "index.html").read_text()


def test_every_figure_is_drawn_and_what_is_missing_is_named(demo, tmp_path):
    workdir, _ = demo
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run_script("figures", f"--runs={workdir / 'model'},{empty}", f"--out={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == {
        "losses",
        "metrics",
        "bins",
        "predictions",
        "model_temperatures",
        "model_pixel",
    }
    named = [line.partition(":")[0] for line in done.stderr.splitlines() if str(empty) in line]
    assert named == ["empty", "losses", "metrics"]


def test_figures_of_nothing_are_an_error(tmp_path):
    done = run_script("figures", f"--runs={tmp_path}", f"--out={tmp_path / 'out'}")
    assert done.returncode != 0
    assert "nothing to draw" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()
