"""The config of a training run, as its directory records it."""

import json
from pathlib import Path
from typing import Any

from cic_jax.configs import default
from cic_jax.step_files import CHECKPOINTS, CheckpointError, short_reason

CONFIG = "config.json"  # in the directory of a training run


def has_steps(run: Path) -> bool:
    """Return whether a run's directory holds a saved step, be it damaged."""
    folder = run / CHECKPOINTS
    return folder.is_dir() and any(child.name.isdigit() for child in folder.iterdir())


def config_of(run: Path) -> dict[str, Any] | None:
    """Return the config of a run: that of its latest step if config.json is missing or empty.

    None where there is neither. Raises CheckpointError for a config.json that is damaged otherwise.
    """
    path = run / CONFIG
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if not text.strip():
        if not has_steps(run):
            return None
        from cic_jax import saved_steps

        with saved_steps.manager(run) as source:
            if not source.all_steps():
                return None
            return saved_steps.latest_description(source)["config"]
    try:
        config = json.loads(text)
        default.completed(config)  # whose keys and types are those of a config
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is no config of a run ({short_reason(error)}): delete it, and the config is "
            "taken from the latest checkpoint"
        ) from error
    return config
