"""Every script of experiments/ starts by its path and as a module, and says what it does."""

import ast
import json
import os
import subprocess
import sys

import pytest
from commands import EXPERIMENTS, ROOT, STARTS_ONCE

SCRIPTS = sorted(path.stem for path in EXPERIMENTS.glob("*.py") if path.stem[0] != "_")
# A process that has loaded the libraries forks one for each start: of the two seconds that a script
# takes to start, most are theirs. The package itself is imported anew by every start.
STARTS = """
import json, os, runpy, sys, tempfile, traceback, warnings
import jax, flax.linen, grain, matplotlib.pyplot, optax, orbax.checkpoint, skimage.color
import ml_collections.config_flags, tensorflow_datasets

def start(name, as_module):
    sys.argv = [name if as_module else f"experiments/{name}.py", "--help"]
    sys.path[0] = os.getcwd() if as_module else os.path.abspath("experiments")
    try:
        if as_module:
            runpy.run_module(f"experiments.{name}", run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(f"experiments/{name}.py", run_name="__main__")
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

warnings.simplefilter("ignore", RuntimeWarning)  # JAX's, of forks: nothing has been computed
answers = []
for name, as_module in json.loads(sys.argv[1]):
    with tempfile.TemporaryFile("w+") as said:
        if not (child := os.fork()):
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            status = start(name, as_module)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        answers.append((status, said.read()))
print(json.dumps(answers))
"""


def docstring(name):
    return ast.get_docstring(ast.parse((EXPERIMENTS / f"{name}.py").read_text()))


def test_scripts_were_found():
    assert {"train", "evaluate", "reproduce"} <= set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_libraries_where_ctrl_c_is_one_line(name):
    first, begin, *rest = (
        node
        for node in ast.parse((EXPERIMENTS / f"{name}.py").read_text()).body[1:]
        if not isinstance(node, ast.Import | ast.ImportFrom)
        or _package(node) not in sys.stdlib_module_names
    )
    assert ast.unparse(first) == "from cic_jax import startup"
    assert ast.unparse(begin).startswith("with startup.imports(__name__):\n")
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in rest)


def _package(node):
    return (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]


def test_a_script_starts_by_its_path():
    done = subprocess.run(
        [sys.executable, "experiments/upsampling.py", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.lstrip().startswith(docstring("upsampling"))
    assert "--model:" in done.stdout


@pytest.mark.slow
def test_every_script_explains_itself_by_its_path_and_as_a_module():
    starts = [(name, as_module) for name in SCRIPTS for as_module in (False, True)]
    done = subprocess.run(
        [sys.executable, "-c", STARTS, json.dumps(starts)],
        cwd=ROOT,
        env=os.environ | STARTS_ONCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for (name, _), (status, text) in zip(starts, json.loads(done.stdout), strict=True):
        assert status == 0, text
        assert text.lstrip().startswith(docstring(name).splitlines()[0])
        assert "flags:" in text
