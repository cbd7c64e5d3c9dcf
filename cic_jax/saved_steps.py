"""The steps that a training run saves, by Orbax's manager: the latest and the best."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy as policies

from cic_jax.metrics import METRICS, RANKED
from cic_jax.model import Description

CHECKPOINTS = "checkpoints"  # in the directory of a training run: its steps
MAX_REASON = 200  # characters of an error


class CheckpointError(ValueError):
    """A checkpoint that is missing, or whose shapes or contents are not the expected ones."""


class NoCheckpointError(CheckpointError):
    """No checkpoint of the given name."""


def require_plain(path: str | Path) -> None:
    """Raise CheckpointError if `path` has characters of a glob pattern.

    Orbax globs the whole path to find the parts of a checkpoint. With brackets in the path it finds
    none of them, and gives no error.
    """
    if special := sorted(set("*?[") & set(str(Path(path).absolute()))):
        raise CheckpointError(
            f"{Path(path).absolute()} has {' '.join(special)} in it, which saving takes for a "
            "pattern: choose a path without * ? ["
        )


def manager(workdir: str | Path, best_metric: str = "loss") -> ocp.CheckpointManager:
    """Create a manager that saves to `workdir`/checkpoints in the background.

    The best has the lowest or highest validation metric of that name, whichever `metrics.METRICS`
    calls better; a value that is not a number is the worst. Raises CheckpointError for a name that
    it does not rank.
    """
    if best_metric not in RANKED:
        raise CheckpointError(
            f"config.train.best_metric must be one of {', '.join(RANKED)}; it is {best_metric!r}"
        )
    sign = 1.0 if METRICS[best_metric].better == "higher" else -1.0

    def score(validation):
        value = sign * validation[best_metric]
        return -math.inf if math.isnan(value) else value

    require_plain(workdir)
    keep = [policies.LatestN(1), policies.BestN(get_metric_fn=score, n=1)]
    options = ocp.CheckpointManagerOptions(
        enable_async_checkpointing=True,
        best_fn=score,
        preservation_policy=policies.AnyPreservationPolicy(keep),
    )
    return ocp.CheckpointManager(Path(workdir).absolute() / CHECKPOINTS, options=options)


def save(
    target: ocp.CheckpointManager,
    step: int,
    state: tuple[dict[str, Any], Any],
    description: dict[str, Any],
    metrics: dict[str, float] | None,
) -> None:
    """Save a step in the background.

    Args:
        target: Manager to save with; see `manager`.
        step: Number of the step.
        state: Variables, and the other state that resuming needs, as host arrays.
        description: See `model.describe`.
        metrics: Validation metrics; None if the step was not validated.
    """
    variables, optimizer = state
    items = ocp.args.Composite(
        variables=ocp.args.StandardSave(variables),
        optimizer=ocp.args.StandardSave(optimizer),
        description=ocp.args.JsonSave({**description, "metrics": metrics or {}}),
    )
    target.save(step, args=items, metrics=metrics)


def resume(source: ocp.CheckpointManager, variables: Any, optimizer: Any) -> tuple[int, Any, Any]:
    """Restore the latest step: number, variables and optimiser state, shaped like those given.

    Raises CheckpointError where it cannot be restored; no other step is taken in its place.
    """
    step = source.latest_step()
    assert step is not None, "ask latest_step() first"
    items = ocp.args.Composite(
        variables=ocp.args.StandardRestore(templates(variables)),
        optimizer=ocp.args.StandardRestore(templates(optimizer)),
    )
    with _one_line(source, step):
        restored = source.restore(step, args=items)
    return step, restored["variables"], restored["optimizer"]


def latest_description(source: ocp.CheckpointManager) -> Description:
    """Return the description of the latest step; CheckpointError where it cannot be restored."""
    items = ocp.args.Composite(description=ocp.args.JsonRestore())
    step = source.latest_step()
    assert step is not None, "ask latest_step() first"
    with _one_line(source, step):
        return source.restore(step, args=items)["description"]


@contextlib.contextmanager
def _one_line(source: ocp.CheckpointManager, step: int) -> Iterator[None]:
    """Turn Orbax's errors about a damaged step into one that says what is left to go on from."""
    try:
        yield
    except (ValueError, KeyError, OSError) as error:
        earlier = [other for other in source.all_steps() if other < step]
        advice = (
            f"move that directory away, and the same command goes on from step {max(earlier)}"
            if earlier
            else "bring it back from a copy, or name a new --workdir"
        )
        reason = short_reason(error)
        raise CheckpointError(
            f"{source.directory / str(step)} cannot be restored ({reason}): {advice}"
        ) from error


def short_reason(error: Exception) -> str:
    """Shorten an error of Orbax, which can take kilobytes, to a part of a line."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]} ..."


def templates(tree: Any) -> Any:
    """Return host arrays of the same shapes, with which any number of devices can restore."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), tree)
