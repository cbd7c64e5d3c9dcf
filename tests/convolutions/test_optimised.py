"""The engines at XLA's default level of optimisation, for which they are written.

The other tests run at level 0 (tests/conftest.py), where compilation is cheap.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_convolutions_and_inference_hold_at_the_default_level():
    # One size of three, the odd one, which takes every way of padding: the others add minutes.
    chosen = ["-m", "not slow", "-k", "not size0 and not size2"]
    command = [sys.executable, "-m", "pytest", *chosen, "--dist=load", "--quiet"]
    done = subprocess.run(
        [*command, "tests/convolutions", "tests/test_inference.py"],
        cwd=ROOT,
        env=os.environ | {"XLA_FLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
