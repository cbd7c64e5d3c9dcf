"""The small files of a saved step: its description, its record, and whether they are whole.

The record holds the SHA-256 of every array and what a run needs to know to go on. Description and
record each hold the SHA-256 of the other.
"""

import contextlib
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from logging import LogRecord
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import logging

from cic_jax import checksums
from cic_jax.description import Description

CHECKPOINTS = "checkpoints"  # in the directory of a training run: its steps
RECORD = "record"  # item of a step; in its description: the record's SHA-256
MAX_REASON = 200  # characters of an error
ECHO_SECONDS = 0.2  # in which reads that were begun end after one of them failed

Record = dict[str, Any]  # JSON


class CheckpointError(ValueError):
    """A checkpoint that is missing, or whose shapes or contents are not the expected ones."""


class NoCheckpointError(CheckpointError):
    """No checkpoint of the given name."""


def damage(found: Any) -> str | None:
    """Return what is wrong with the small files of a step, if anything."""
    try:
        read(Path(found.path))
        _json_of(Path(found.path) / "_CHECKPOINT_METADATA")  # Orbax logs what it cannot parse
        found.commit_timestamp  # noqa: B018  # the manager reads it
    except Exception as error:  # whatever Orbax makes of damaged files
        return short_reason(error)
    return None


@contextlib.contextmanager
def restoring() -> Iterator[None]:
    """Drop what TensorStore's other reads print where one of them failed.

    They find the event loop of the restore closed: tracebacks that nobody can catch.
    """
    before = sys.unraisablehook

    def hook(event: Any) -> None:
        if str(event.exc_value) != "Event loop is closed":
            before(event)

    sys.unraisablehook = hook
    try:
        yield
    except Exception:
        time.sleep(ECHO_SECONDS)
        raise
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def exporting() -> Iterator[None]:
    """Drop what Orbax and TensorStore print where a write fails: the exception says it, once."""

    def is_news(record: LogRecord) -> bool:
        return "_SignalingThread" not in record.getMessage()

    logger = logging.get_absl_logger()
    logger.addFilter(is_news)
    try:
        with restoring():
            yield
    finally:
        logger.removeFilter(is_news)


def seal(description: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Description, Record]:
    """Return both as JSON keeps them, each with the SHA-256 of the other, as `read` expects."""
    described, complete = _as_json(description), _as_json(record)
    complete["description"] = checksums.of_json(described)
    described[RECORD] = checksums.of_json(complete)
    return described, complete


def read(folder: Path) -> tuple[Description, Record]:
    """Read the description and the record of a step, {} if an earlier version saved it.

    Raises CheckpointError where they are damaged.
    """
    if not any(folder.iterdir()):
        raise CheckpointError("is empty")
    for path in folder.rglob("*"):  # whatever opens a pipe waits for ever
        if not (path.is_file() or path.is_dir()):
            raise CheckpointError(f"has a {path.relative_to(folder)} that is no file")
    files = {RECORD: f"{RECORD}/metadata", "description": "description/metadata"}
    files["metrics"] = "metrics/metrics"
    contents = {item: _json_of(folder / name) for item, name in files.items()}
    description, record = contents["description"], contents[RECORD]
    if not isinstance(description, dict):
        raise CheckpointError("has no description")
    sealed = description.pop(RECORD, None)
    if (record is None) != (sealed is None):
        raise CheckpointError(f"has no {RECORD}")
    if record is not None and (
        checksums.of_json(record) != sealed
        or checksums.of_json(description) != record["description"]
        or checksums.of_json({"metrics": contents["metrics"]})
        != checksums.of_json({"metrics": description["metrics"]})
    ):
        raise CheckpointError("has another description than it was saved with")
    return description, record or {}


def _json_of(path: Path) -> Any:
    """Read a file of JSON; None where there is none."""
    try:
        return json.loads(path.read_bytes()) if path.exists() else None
    except ValueError as error:
        raise CheckpointError(f"has a damaged {path.parent.name}/{path.name}: {error}") from error


def _as_json(content: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(content))


def templates(tree: Any) -> Any:
    """Return host arrays of the same shapes, with which any number of devices can restore."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), tree)


def short_reason(error: Exception) -> str:
    """Shorten an error of Orbax, which can take kilobytes, to a part of a line.

    If the system refused something, that is the part.
    """
    if refused := re.search(r"([^:]+) \[os_error_code=", str(error)):
        return refused[1].strip().lower()
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]} ..."
