"""Scripts of experiments/ as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def run_script(name, *flags):
    """Run a script; a deprecation in it is an error."""
    environment = os.environ | {"PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    command = [sys.executable, str(EXPERIMENTS / name), *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
