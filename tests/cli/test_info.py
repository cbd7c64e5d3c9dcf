"""`cic-jax info` describes a checkpoint."""

import shutil

import jax
import numpy as np
import own_parts
import pytest
from tiny_models import tiny_model

from cic_jax import checkpoint, model
from cic_jax.cli import console
from cic_jax.cli.main import main


def test_damaged_weights_are_named(weights, tmp_path, capsys):
    damaged = tmp_path / "damaged"
    shutil.copytree(weights, damaged)
    with (damaged / checkpoint.DESCRIPTION).open("a") as file:
        file.write(" ")
    with pytest.raises(SystemExit) as error:
        main(["info", str(damaged)])
    assert error.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert "model.json was changed" in line
    assert "restore" in line
    assert "train" not in line


def test_info(weights, capsys):
    assert main(["info", str(weights)]) == console.DONE
    assert capsys.readouterr().out.splitlines() == [
        "network        simplified, width 0.05",
        "parameters     59,313",
        "predicts       313 bins of ab",
        "trained on     folder",
        "psnr           24.43",
    ]


def test_info_has_the_model_s_own_settings_and_how_many_classes(tmp_path, capsys):
    config = {"data": {"source": "imagenet_vehicles", "synsets": ["n1", "n2"]}}
    config["colour"] = {"tau": 0.4, "unify": 0.5, "saturation": 1.3}
    checkpoint.export(tmp_path / "tiny", tiny_model(config=config))
    assert main(["info", str(tmp_path / "tiny")]) == console.DONE
    assert capsys.readouterr().out.splitlines()[3:] == [
        "trained on     imagenet_vehicles, 2 classes of ImageNet",
        "--vividness    0.4, unless said",
        "--unify        0.5, unless said",
    ]


def test_the_longest_metric_has_its_column(tmp_path, capsys):
    metrics = {"psnr": 24.4321, "colorfulness_truth": 30.5}
    config = {"data": {"source": "folder"}}
    checkpoint.export(tmp_path / "tiny", tiny_model(config=config, metrics=metrics))
    assert main(["info", str(tmp_path / "tiny")]) == console.DONE
    *_, psnr, truth = capsys.readouterr().out.splitlines()
    assert psnr.index("24.43") == truth.index("30.5")


def test_info_names_the_functions_that_built_a_model(tmp_path, capsys):
    config = {"data": {"source": "folder"}}
    names = {"network": "own_parts:patches", "target": "own_parts:turned"}
    about = model.describe("full", config=config, factories=names)
    parts = {"build_network": own_parts.patches, "build_target": own_parts.turned}
    network = model.build(about, {}, **parts).network
    variables = {
        **jax.jit(network.init)(jax.random.key(0), np.zeros((1, 32, 32, 1))),
        "batch_stats": {},
    }
    checkpoint.export(tmp_path / "own", model.build(about, variables, **parts))
    allowed = [f"--factory={name}" for name in names.values()]
    assert main(["info", str(tmp_path / "own"), *allowed]) == console.DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "network        own_parts:patches"
    assert lines[2] == "predicts       313 bins of ab, by own_parts:turned"
