"""The demo on a shrunken config, and the figures of the run that it leaves behind."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cic_jax.train import record

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SHRUNKEN = {
    "data.scenes": 60,
    "data.size": 64,
    "data.short_side": 64,
    "model.width": 0.05,
    "train.crop": 32,
    "train.batch_size": 4,
    "train.epochs": 12,
    "train.evaluate_every": 2,
}


def run(script, *arguments):
    command = [sys.executable, f"experiments/{script}.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("demo")
    settings = SHRUNKEN | {"data.data_dir": workdir / "prepared"}
    options = [f"--config.{key}={value}" for key, value in settings.items()]
    done = run("demo", f"--workdir={workdir}", *options)
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
    done = run("figures", f"--runs={workdir / 'model'},{empty}", f"--out={tmp_path / 'out'}")
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
    done = run("figures", f"--runs={tmp_path}", f"--out={tmp_path / 'out'}")
    assert done.returncode != 0
    assert "nothing to draw" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()
