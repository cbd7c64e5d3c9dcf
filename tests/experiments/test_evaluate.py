"""The command that scores a model: of a run, of converted weights, of a release, of own parts."""

import csv
import json

import photo_files
import pytest
from commands import ROOT, config_flags, run_script
from tiny_runs import tiny_config

from cic_jax import checkpoint, photos, pretrained
from cic_jax.cli import console
from cic_jax.cli.main import main as cli
from cic_jax.train import train

pytestmark = pytest.mark.slow
OWN = ["own_parts:patches", "own_parts:turned"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    config = tiny_config(tmp_path_factory, 30, 32, batch_size=4, crop=32, epochs=0.1)
    photos.open_splits(config.data)
    return config


def evaluate(folder, config, *arguments):
    """Run the command in a folder, on the photographs of a config."""
    data = {key: config.data[key] for key in ("source", "path", "data_dir", "size", "short_side")}
    flags = [*config_flags(data=data), *arguments]
    return run_script("evaluate", *flags, cwd=folder, modules=[ROOT / "tests/helpers"])


def test_converted_weights_are_scored_beside_themselves(release, config, tmp_path):
    checkpoint.export(tmp_path / "cic", pretrained.to_model(release), "float32")
    done = evaluate(tmp_path, config, "--workdir=cic", "--config.colour.temperature=1.0")
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / "cic/test.json").read_text())
    assert scores["model"]["loss"]["mean"] > 0
    assert scores["model"].keys() > scores["grey"].keys()
    checkpoint.load(tmp_path / "cic")  # the tables do not disturb its checksums


def test_a_released_name_makes_no_folder(config, tmp_path):
    done = evaluate(tmp_path, config, "--workdir=simplified_final")
    assert done.returncode == 0, done.stderr
    names = {"simplified_final_test.csv", "simplified_final_test.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    done = evaluate(tmp_path, config, "--workdir=simplified_final", "--out=scores")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "scores/test.csv").open() as file:
        assert {row["colouring"] for row in csv.DictReader(file)} == {"model", "grey"}


def test_own_parts_are_imported_by_permission(config, tmp_path, capsys):
    own = config.copy_and_resolve_references()
    own.model.factory, own.target.factory = OWN
    train(own, tmp_path / "run")
    permitted = [f"--factory={name}" for name in OWN]

    refused = evaluate(tmp_path, config, "--workdir=run", permitted[1])
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "allow it by --factory=own_parts:patches" in refused.stderr
    done = evaluate(tmp_path, config, "--workdir=run", "--split=validation", *permitted)
    assert done.returncode == 0, done.stderr
    loss = json.loads((tmp_path / "run/validation.json").read_text())["model"]["loss"]["mean"]
    model = checkpoint.load(tmp_path / "run", factories=OWN)
    assert loss == pytest.approx(model.description["metrics"]["loss"], rel=1e-3)

    photo = photo_files.photograph(tmp_path / "photo.png")
    colorize = ["colorize", str(photo), f"--out={tmp_path}/out", f"--checkpoint={tmp_path}/run"]
    assert cli([*colorize, *permitted]) == console.DONE
    assert (tmp_path / "out/photo.png").exists()
    assert cli(["info", str(tmp_path / "run"), *permitted]) == console.DONE
    assert "own_parts:patches" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli(["info", str(tmp_path / "run")])
    assert "--factory=own_parts:patches" in capsys.readouterr().err
