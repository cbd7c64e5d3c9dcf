"""The directory of a run: whether a config may use it, and the files that describe the run."""

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

from cic_jax import checkpoint, machine, photos
from cic_jax.configs import default
from cic_jax.train import record
from cic_jax.train.config import ConfigError

LOCK = ".lock"  # held while a process trains there
PHOTOGRAPHS = "photographs.json"  # by which they are known where their folder has moved
# Keys that may differ from one start of a run to the next.
FREE = {"data.data_dir", "train.epochs", "train.evaluate_every", "train.steps_per_dispatch"}
PLACE = "data.path"  # may differ where the same photographs lie there


def require_free(workdir: Path, config: ConfigDict) -> None:
    """Raise ValueError if `workdir` cannot hold a run, or holds one with another config.

    Options newer than that run count with their defaults (`default.completed`). If the run has
    recorded its photographs, another data.path is left to `require_same_photographs`.
    """
    checkpoint.require_plain(workdir)
    path = workdir / checkpoint.CONFIG
    written = _config_of(workdir)
    if written is None:
        return
    before, now = _flat(_as_json(default.completed(written))), _flat(_as_json(config))
    free = FREE | {PLACE} if (workdir / PHOTOGRAPHS).exists() else FREE
    changed = {k for k in before.keys() | now.keys() if before.get(k) != now.get(k)} - free
    if changed:
        raise ConfigError(
            f"{workdir} holds a run with another {', '.join(sorted(changed))}: go on with its "
            f"own values ({path}), or name a new --workdir"
        )


def require_same_photographs(
    workdir: Path, config: ConfigDict, splits: Mapping[str, photos.Photographs]
) -> None:
    """Raise ConfigError if `workdir` holds a run on other photographs, in another folder."""
    written = _config_of(workdir)
    if written is None or written["data"]["path"] == config.data.path:
        return
    if json.loads((workdir / PHOTOGRAPHS).read_text(encoding="utf-8")) != _identity(splits):
        raise ConfigError(
            f"{workdir} holds a run on the photographs of {written['data']['path']}, and other "
            f"ones lie in config.data.path={config.data.path}: name the folder that holds them "
            "now, or a new --workdir"
        )


def _identity(splits: Mapping[str, photos.Photographs]) -> dict[str, Any]:
    """Identify photographs by their number in each split and the digest of their names and sizes.

    The digest is that of the source's report: drawn scenes, which have no folder, have none.
    """
    counts = {name: len(split) for name, split in splits.items()}
    return {"fingerprint": splits["train"].report.get("fingerprint"), **counts}


def _config_of(workdir: Path) -> dict[str, Any] | None:
    """Return the config of a run: that of its latest step if config.json is missing or empty.

    None where there is neither. Raises ConfigError for a config.json that is damaged otherwise.
    """
    path = workdir / checkpoint.CONFIG
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        if text.strip():
            return json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"{path} is no JSON ({error}): delete it, and the config is taken from the latest "
            "checkpoint"
        ) from error
    if not (workdir / checkpoint.CHECKPOINTS).is_dir():
        return None
    with checkpoint.manager(workdir) as manager:
        if manager.latest_step() is None:
            return None
        return checkpoint.latest_description(manager)["config"]


def require_saved(workdir: Path) -> None:
    """Raise ConfigError where a run has been validated, hence saved, and no step of it is left.

    A kill can leave the last two validations unsaved: a save ends before the next one begins.
    """
    validated = {line["step"] for line in record.read(workdir) if line["split"] == "validation"}
    folder = workdir / checkpoint.CHECKPOINTS
    saved = folder.is_dir() and any(child.name.isdigit() for child in folder.iterdir())
    if validated and not saved and (not folder.is_dir() or len(validated) > 2):
        raise ConfigError(
            f"{workdir / record.LOG} goes up to step {max(validated)}, and {folder} holds no step: "
            "bring its steps back, or name a new --workdir to begin at step 0"
        )


@contextlib.contextmanager
def locked(workdir: Path) -> Iterator[None]:
    """Make and hold the directory of a run.

    Raises ConfigError where another process trains in it, or where it cannot be written.

    Of several hosts the first holds it. The system lets go of it when the process ends.
    """
    if jax.process_index() != 0:
        yield
        return
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        opened = (workdir / LOCK).open("a")
    except OSError as error:
        raise ConfigError(
            f"--workdir must be a directory that can be written: {workdir}: {error.strerror}"
        ) from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"another process trains in {workdir}: wait for its end, or name a new --workdir"
            ) from error
        yield


def describe(workdir: Path, config: ConfigDict, splits: Mapping[str, photos.Photographs]) -> None:
    """Write the files that describe a run, each atomically. Only the first host writes."""
    if jax.process_index() == 0:
        workdir.mkdir(parents=True, exist_ok=True)
        write_json(workdir / PHOTOGRAPHS, _identity(splits))
        write_json(workdir / checkpoint.CONFIG, _as_json(config))
        write_json(workdir / record.MACHINE, machine.describe())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of JSON in one piece: a crash leaves the file as it was before."""
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
