"""Scripts of experiments/ as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

from cic_jax import machine

ROOT = Path(__file__).parents[2]
EXPERIMENTS = ROOT / "experiments"
STARTS_ONCE = {machine.TUNABLES: machine.KEEP}  # without it a script restarts itself to set it


def run_script(name, *flags, cwd=None, modules=()):
    """Run a script, which also finds modules in other folders; its deprecations are errors."""
    path = os.pathsep.join(map(str, [ROOT, *modules]))
    return subprocess.run(
        [sys.executable, str(EXPERIMENTS / f"{name}.py"), *map(str, flags)],
        cwd=cwd,
        env=os.environ
        | STARTS_ONCE
        | {"PYTHONPATH": path, "PYTHONWARNINGS": "error::DeprecationWarning:__main__"},
        capture_output=True,
        text=True,
        check=False,
    )


def config_flags(**sections):
    """Flags that set a config's values, by section: `config_flags(data={"size": 64})`."""
    return [
        f"--config.{section}.{key}={value}"
        for section, values in sections.items()
        for key, value in values.items()
    ]
