"""Fixtures of the command's tests: weights, and the command that uses them."""

import pytest
from tiny_models import tiny_model

from cic_jax import checkpoint
from cic_jax.cli.main import main


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny"
    config = {"data": {"source": "folder", "subset": ""}}
    model = tiny_model(gain=30.0, config=config, metrics={"psnr": 24.4321})
    checkpoint.export(path, model)
    return path


@pytest.fixture
def colorize(weights, capsys):
    """Run `cic-jax colorize`; gives the status and the lines on standard error."""

    def run(*arguments):
        options = [f"--checkpoint={weights}", "--size=32"]
        status = main(["colorize", *map(str, arguments), *options])
        return status, capsys.readouterr().err.splitlines()

    return run
