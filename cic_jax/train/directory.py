"""The directory of a run: whether it is free for a config, and what it says of the run."""

import json
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

from cic_jax import checkpoint, machine
from cic_jax.configs import default
from cic_jax.train import record
from cic_jax.train.config import ConfigError

# Keys that may differ from one start of a run to the next.
FREE = {"train.epochs", "train.evaluate_every", "train.steps_per_dispatch"}


def require_free(workdir: Path, config: ConfigDict) -> None:
    """Raise a ValueError where `workdir` cannot keep a run, or holds one of another config.

    An option that came later than that run has its default in it (`default.completed`).
    """
    checkpoint.require_plain(workdir)
    path = workdir / checkpoint.CONFIG
    if not path.exists():
        return
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(
            f"{path} is no JSON ({error}): restore it, or name a new --workdir"
        ) from error
    before, now = _flat(_as_json(default.completed(written))), _flat(_as_json(config))
    changed = {k for k in before.keys() | now.keys() if before.get(k) != now.get(k)} - FREE
    if changed:
        raise ConfigError(
            f"{workdir} holds a run with another {', '.join(sorted(changed))}: go on with its "
            f"own values ({path}), or name a new --workdir"
        )


def describe(workdir: Path, config: ConfigDict) -> None:
    """Write config.json and machine.json, each in one piece. Of several hosts the first writes."""
    if jax.process_index() == 0:
        workdir.mkdir(parents=True, exist_ok=True)
        _write(workdir / checkpoint.CONFIG, _as_json(config))
        _write(workdir / record.MACHINE, machine.describe())


def _write(path: Path, content: dict[str, Any]) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def _as_json(config: ConfigDict) -> dict[str, Any]:
    return json.loads(config.to_json_best_effort(sort_keys=True))


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give each leaf of nested dictionaries its dotted key."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        inner = _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else None
        leaves |= {f"{prefix}{key}": value} if inner is None else inner
    return leaves
