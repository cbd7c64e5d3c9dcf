"""Every script of experiments/ starts by its path and as a module, and says what it does."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (ROOT / "experiments").glob("*.py") if path.stem[0] != "_")


def help_of(*command):
    done = subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def docstring(name):
    return ast.get_docstring(ast.parse((ROOT / f"experiments/{name}.py").read_text()))


def test_scripts_were_found():
    assert {"train", "evaluate", "reproduce"} <= set(SCRIPTS)


def test_a_script_starts_by_its_path():
    text = help_of("experiments/upsampling.py")
    assert text.lstrip().startswith(docstring("upsampling"))
    assert "--model:" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("start", [["experiments/{}.py"], ["-m", "experiments.{}"]])
def test_every_script_explains_itself(name, start):
    text = help_of(*(part.format(name) for part in start))
    assert text.lstrip().startswith(docstring(name).splitlines()[0])
    assert "flags:" in text
