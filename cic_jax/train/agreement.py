"""What all hosts must have in common before anything is written: command, code, photographs."""

import hashlib
import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

import cic_jax
from cic_jax import hosts
from cic_jax.train import directory
from cic_jax.train.identity import Identity

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")  # whose versions must be the same
SHORT = 12  # digits of a SHA-256 in a message


def require_same_start(config: ConfigDict, **options: Any) -> None:
    """Raise HostsError, the same on all hosts, where config, options or code differ.

    Where the photographs are is left out: they are compared themselves.
    """
    if not hosts.together():
        return
    values = {
        f"config.{key}": value
        for key, value in directory.flat(config).items()
        if key not in directory.WHERE
    }
    shown = {f"--{name}": repr(value) for name, value in options.items()}
    devices = jax.local_devices()
    own = {"its devices": f"{len(devices)} {devices[0].device_kind}"}
    hosts.require_same("start", {**values, **shown, **versions(), **own})


def versions() -> dict[str, str]:
    """Return the versions of Python, of the packages that compute and of this package's code."""
    code = hashlib.sha256()
    for path in sorted(Path(cic_jax.__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    return {
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
        "the code of cic_jax": code.hexdigest()[:SHORT],
    }


def require_same_run(own: Identity) -> None:
    """Raise HostsError, the same on all hosts, where the photographs or functions differ."""
    splits = {
        f"the {split} photographs": f"{found['count']}, SHA-256 {found['sha256'][:SHORT]}"
        for split, found in own["photographs"].items()
    }
    functions = {
        f"the code of {function['name']}": function["source"][:SHORT]
        for function in own["functions"].values()
    }
    hosts.require_same("run", splits | functions)
