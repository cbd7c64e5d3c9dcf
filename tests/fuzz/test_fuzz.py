"""Inputs that nobody wrote: every reader takes them, or refuses them in its own words."""

import importlib.util
import sys
from pathlib import Path

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


@pytest.mark.parametrize("name", TARGETS)
def test_some_inputs(name):
    fuzz(name, 15 if name == "checkpoints" else 40, derandomize=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_inputs(name):
    fuzz(name, 200 if name == "checkpoints" else 1500)
