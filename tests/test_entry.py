"""What people see of a wrong command: one line that names what to mend, and a status but 0."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAIN = ["experiments/train.py", "--config=configs/simplified.py", "--workdir={}/run"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([*TRAIN, "--config.model.network=huge"], "config.model.network must be one of"),
        ([*TRAIN, "--config.data.source=folder", "--config.data.path=/nowhere"], "/nowhere"),
        (["experiments/evaluate.py", "--workdir={}"], "no checkpoint at"),
    ],
)
def test_wrong_input_is_one_line(command, said, tmp_path):
    done = run(command, tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert said in done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [("--config.train.epoch=3", "epoch"), ("--config.train.epochs=many", "many")],
)
def test_wrong_key_or_type_is_named(option, said, tmp_path):
    done = run([*TRAIN, option], tmp_path)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / "run").exists()


def test_ctrl_c_is_one_line():
    script = "from cic_jax import entry\ndef main(): raise KeyboardInterrupt\nentry.run(main)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "-c: interrupted\n"


def run(command, tmp_path):
    arguments = [sys.executable, *(part.format(tmp_path) for part in command)]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
