"""The command that compares models where each is as colourful as the truth."""

import csv
import json

import numpy as np
import photo_files
import pytest
from commands import run_script
from tiny_models import tiny_model

from cic_jax import bins, checkpoint, photos, target
from cic_jax.configs import default

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folder of two exported models, with the config of the photographs in both."""
    root, folder = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("models")
    photo_files.two_coloured(root, 40)
    config = default.get_config()
    config.data.update(source="folder", path=str(root), size=64, short_side=64)
    config.data.data_dir = str(tmp_path_factory.mktemp("prepared"))
    config.train.crop = 32
    photos.open_splits(config.data)
    p = np.linspace(1, 9, 313, dtype=np.float32)
    palette = target.Palette(bins.CENTERS, p / p.sum(), None)
    for name, gain in (("ours", 60.0), ("theirs", 30.0)):
        model = tiny_model(gain, palette=palette, config=config.to_dict())
        checkpoint.export(folder / name, model, "float32")
    return folder


def test_models_are_chosen_scored_and_compared(models, tmp_path):
    options = ["--workdir=ours", "--baseline=theirs", "--choose", "--taus=0,0.5", "--scenes=2"]
    done = run_script("matched", *options, f"--out={tmp_path}", cwd=models)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("T = 0.38, tau = 0.5") == 2
    summary = json.loads((tmp_path / "matched.json").read_text())
    assert {*summary["photographs"]} == {"photographs", "all", "drawn"}
    ours, theirs = (summary["models"][name]["groups"]["all"] for name in ("ours", "theirs"))
    assert ours["rmse_ab_reduction"]["low"] <= ours["rmse_ab_reduction"]["high"]
    assert "rmse_ab_reduction" not in theirs
    with (tmp_path / "matched.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * sum(summary["photographs"].values())
    assert (tmp_path / "matched.md").read_text().strip() in done.stdout
