"""The directory of a run: whether a config may use it, and the files that describe the run."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

from cic_jax import checkpoint, hosts, machine
from cic_jax.configs import default
from cic_jax.train import record
from cic_jax.train.config import ConfigError

LOCK = ".lock"  # held while a process trains there
# Keys that may differ from one start of a run to the next.
FREE = {
    *("train.epochs", "train.evaluate_every", "train.steps_per_dispatch"),
    *("train.save_every_minutes", "train.skip_steps"),
}
WHERE = {"data.path", "data.data_dir"}  # may differ where the photographs themselves are compared


def require_free(workdir: Path, config: ConfigDict, *, anyway: bool = False) -> list[str]:
    """Return the values in which the run in `workdir` has another config, if `anyway`.

    Options newer than that run count with their defaults (`default.completed`). Raises ValueError
    if `workdir` cannot hold a run or, unless `anyway`, if there are such values.
    """
    checkpoint.require_plain(workdir)
    _require_files(workdir)
    path = workdir / checkpoint.CONFIG
    try:
        written = checkpoint.config_of(workdir)
    except checkpoint.CheckpointError as error:
        raise ConfigError(str(error)) from error
    if written is None:
        return []
    before, now = flat(default.completed(written)), flat(config)
    free = FREE | WHERE if (workdir / record.PHOTOGRAPHS).exists() else FREE
    changed = {k for k in before.keys() | now.keys() if before.get(k) != now.get(k)} - free
    if changed and not anyway:
        raise ConfigError(
            f"{workdir} holds a run with another {', '.join(sorted(changed))}: go on with its "
            f"own values ({path}), name a new --workdir, or accept the change by --resume_anyway, "
            "which records it"
        )
    return [f"{key} = {before.get(key)!r}, now {now.get(key)!r}" for key in sorted(changed)]


def _require_files(workdir: Path) -> None:
    """Raise ConfigError where a pipe, a folder or the like has the name of a file of the run."""
    for name in (checkpoint.CONFIG, record.LOG, record.PHOTOGRAPHS, record.MACHINE, LOCK):
        path = workdir / name
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path} must be a file: move it away, and give the same command")


def require_saved(workdir: Path) -> None:
    """Raise ConfigError where a run has been validated, hence saved, and no step of it is left.

    A kill can leave the last two validations unsaved: a save ends before the next one begins.
    """
    splits = ("validation", "saved")
    validated = {line["step"] for line in record.read(workdir) if line["split"] in splits}
    folder = workdir / checkpoint.CHECKPOINTS
    saved = checkpoint.has_steps(workdir)
    if validated and not saved and (not folder.is_dir() or len(validated) > 2):
        raise ConfigError(
            f"{workdir / record.LOG} goes up to step {max(validated)}, and {folder} holds no step: "
            "bring its steps back, or name a new --workdir to begin at step 0"
        )


@contextlib.contextmanager
def locked(workdir: Path) -> Iterator[None]:
    """Make and hold the directory of a run.

    Raises ConfigError where another process trains in it, or where it cannot be written.

    Of several hosts the first holds it, and all must see it. The system lets go of it when the
    process ends.
    """
    if jax.process_index() != 0:
        hosts.require_shared(workdir / LOCK)
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
        hosts.require_shared(workdir / LOCK)
        yield


@contextlib.contextmanager
def written(workdir: Path) -> Iterator[None]:
    """Turn an error of the system into one that names the file, the reason and what to do."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{error.filename or workdir}: {(error.strerror or str(error)).lower()}; the steps "
            "saved before are kept: mend that, and the same command goes on from the last of them"
        ) from error


def describe(workdir: Path, config: ConfigDict, listing: Iterable[str]) -> None:
    """Write config.json, machine.json and photographs.txt, each in one piece.

    Only the first host writes. `listing` has a line for each photograph; see `identity.listing`.
    """
    if jax.process_index() == 0:
        write_json(workdir / checkpoint.CONFIG, _as_json(config))
        write_json(workdir / record.MACHINE, machine.describe())
        write_text(workdir / record.PHOTOGRAPHS, "".join(f"{line}\n" for line in listing))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file of JSON in one piece: a crash leaves the file as it was before."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file in one piece, as `write_json` does."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    with fresh.open("rb") as file:
        os.fsync(file.fileno())  # else a power cut could leave the new name without its contents
    fresh.replace(path)


def _as_json(config: ConfigDict) -> dict[str, Any]:
    return json.loads(config.to_json_best_effort(sort_keys=True))


def flat(config: ConfigDict) -> dict[str, Any]:
    """Return the values of a config, as JSON has them, by dotted key."""
    return _leaves(_as_json(config))


def _leaves(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give each leaf of nested dictionaries its dotted key."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        inner = _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else None
        leaves |= {f"{prefix}{key}": value} if inner is None else inner
    return leaves
