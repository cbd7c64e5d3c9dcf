"""Inputs that nobody wrote: every reader takes them, or refuses them in its own words."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings

sys.path.insert(0, str(Path(__file__).parent))

from targets import PACKAGES, TARGETS, timed


def fuzz(name, examples, **more):
    package = PACKAGES.get(name)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    target = TARGETS[name]()
    run = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        **more,
    )(given(target.inputs)(timed(target.check)))
    run()


def guided(seconds, names, **options):
    """Run `guided.py`, which ends its process and leaves its temporary files."""
    script = Path(__file__).with_name("guided.py")
    with TemporaryDirectory() as folder:
        own = {"PYTHONPATH": str(script.parents[2]), "TMPDIR": folder}
        return subprocess.run(
            [sys.executable, script, str(round(seconds)), *names],
            env={"JAX_PLATFORMS": "cpu"} | os.environ | own,
            check=False,
            **options,
        )


@pytest.mark.parametrize("name", TARGETS)
def test_some_inputs(name):
    fuzz(name, 15 if name == "checkpoints" else 40, derandomize=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_inputs(name):
    fuzz(name, 200 if name == "checkpoints" else 1500)


@pytest.mark.slow
def test_inputs_that_reach_new_code(tmp_path):
    pytest.importorskip("atheris")
    names = [x for x in TARGETS if x not in PACKAGES or importlib.util.find_spec(PACKAGES[x])]
    done = guided(20, names, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(re.search(r"stat::number_of_executed_units: +(\d+)", done.stderr)[1]) >= len(names)
