"""`cic-jax info` describes a checkpoint."""

import shutil

import pytest

from cic_jax import checkpoint
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
