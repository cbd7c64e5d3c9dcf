"""The steps that a training run saves, by Orbax's manager: the latest two and the best.

Each step holds a record besides its arrays and its description: the SHA-256 of every array, that of
the description, and what the run needs to know to go on. A step that disagrees with its record is
damaged; `resume` then takes the one before.
"""

import contextlib
import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from absl import logging
from jax.experimental import multihost_utils
from orbax.checkpoint.checkpoint_managers import preservation_policy as policies

from cic_jax import checksums, step_files
from cic_jax.description import Description
from cic_jax.metrics import METRICS, RANKED
from cic_jax.step_files import CHECKPOINTS, CheckpointError, short_reason
from cic_jax.whole_steps import WholeSteps, all_steps, damaged_steps

DAMAGED = "damaged"  # there, too: steps that were set aside
ARRAYS = ("variables", "optimizer")  # items of a step


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
    calls better; a value that is not a number is the worst, as is a step that was not validated.
    Raises CheckpointError for a name that it does not rank.
    """
    if best_metric not in RANKED:
        raise CheckpointError(
            f"config.train.best_metric must be one of {', '.join(RANKED)}; it is {best_metric!r}"
        )
    sign = 1.0 if METRICS[best_metric].better == "higher" else -1.0

    def score(validation):
        value = sign * validation.get(best_metric, math.nan)
        return -math.inf if math.isnan(value) else value

    require_plain(workdir)
    best = policies.BestN(get_metric_fn=score, n=1, keep_checkpoints_without_metrics=False)
    options = ocp.CheckpointManagerOptions(
        enable_async_checkpointing=True,
        best_fn=score,
        preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(2), best]),
        step_name_format=WholeSteps(),
    )
    return _Manager(Path(workdir).absolute() / CHECKPOINTS, options=options)


class _Manager(ocp.CheckpointManager):
    """Orbax's manager, which says in one line at its end, too, what could not be written."""

    def __init__(self, *arguments: Any, **options: Any):
        self._quiet = contextlib.ExitStack()
        super().__init__(*arguments, **options)
        self._quiet.enter_context(step_files.restoring())  # a save can fail at any time

    def close(self) -> None:
        """Wait until the last step is saved; CheckpointError where it cannot be written."""
        with self._quiet, _writing(self):
            super().close()


def save(
    target: ocp.CheckpointManager,
    step: int,
    state: tuple[dict[str, Any], Any],
    description: Description,
    metrics: dict[str, float] | None,
    record: Mapping[str, Any] | None = None,
) -> str:
    """Save a step in the background; return the SHA-256 of all arrays.

    Raises CheckpointError where this step or, in the background, the one before cannot be written.

    Args:
        target: Manager to save with; see `manager`.
        step: Number of the step.
        state: Variables, and the other state that resuming needs, as host arrays.
        description: See `model.describe`.
        metrics: Validation metrics; None if the step was not validated.
        record: What else to record, as JSON can hold it.
    """
    arrays = {name: checksums.of_arrays(x) for name, x in zip(ARRAYS, state, strict=True)}
    described, complete = step_files.seal(
        {**description, "metrics": metrics or {}}, {**(record or {}), "arrays": arrays}
    )
    variables, optimizer = state
    items = ocp.args.Composite(
        variables=ocp.args.StandardSave(variables),
        optimizer=ocp.args.StandardSave(optimizer),
        description=ocp.args.JsonSave(described),
        record=ocp.args.JsonSave(complete),
    )
    # A step without metrics would be kept for ever: Orbax ranks an empty dictionary of them.
    with _writing(target):
        target.save(step, args=items, metrics=metrics or {})
    return checksums.of_json(arrays)


def wait(target: ocp.CheckpointManager) -> None:
    """Wait until the last step is saved; CheckpointError where it cannot be written."""
    with _writing(target):
        target.wait_until_finished()


@contextlib.contextmanager
def _writing(target: ocp.CheckpointManager) -> Iterator[None]:
    """Turn what Orbax says of a full disk and the like into one line."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise CheckpointError(
            f"{target.directory} cannot be written ({short_reason(error)}); the steps saved before "
            "are kept: mend that, and the same command goes on from the last of them"
        ) from error


def resume(source: ocp.CheckpointManager, variables: Any, optimizer: Any) -> tuple[int, Any, Any]:
    """Restore the latest whole step: its number, variables and optimiser state.

    They are shaped like those given. Says in a line which later steps are damaged, and sets them
    aside in the run's directory. Raises CheckpointError where no step is whole, or where a step has
    other arrays than those given; nothing is set aside then.
    """
    damaged = damaged_steps(source)
    for step in sorted(source.all_steps(), reverse=True):
        try:
            restored = _restored(source, step, (variables, optimizer))
        except _DamageError as error:
            damaged[step] = str(error)
            continue
        _set_aside(source, step, damaged)
        return step, *restored
    reasons = "; ".join(f"{step} {reason}" for step, reason in sorted(damaged.items()))
    raise CheckpointError(
        f"{source.directory} holds no step that can be restored ({reasons}): bring one back from a "
        "copy, or name a new --workdir"
    )


class _DamageError(ValueError):
    """A step whose files are not as they were saved."""


def _restored(source: ocp.CheckpointManager, step: int, wanted: tuple[Any, Any]) -> list[Any]:
    """Restore the arrays of a step; see `resume`."""
    recorded = step_files.read(Path(source.directory) / str(step))[1].get("arrays")
    if recorded is not None:
        for item, tree in zip(ARRAYS, wanted, strict=True):
            _require_shapes(recorded[item], checksums.shape(tree), f"{source.directory}/{step}")
    items = {
        item: ocp.args.StandardRestore(step_files.templates(tree))
        for item, tree in zip(ARRAYS, wanted, strict=True)
    }
    try:
        with step_files.restoring():
            restored = source.restore(step, args=ocp.args.Composite(**items))
    except Exception as error:  # whatever Orbax and TensorStore make of damaged files
        raise _DamageError(f"cannot be restored: {short_reason(error)}") from error
    if recorded is None:
        logging.warning("Step %d was saved by an earlier version, without checksums.", step)
    else:
        wrong = [
            path for item in ARRAYS for path in checksums.differing(recorded[item], restored[item])
        ]
        if wrong:
            raise _DamageError(f"was changed: {', '.join(wrong[:3])}")
    return [restored[item] for item in ARRAYS]


def _require_shapes(recorded: Mapping[str, str], wanted: Mapping[str, str], where: str) -> None:
    """Raise CheckpointError where a step's arrays have other names or shapes than those wanted."""
    saved = {path: text.split()[0] for path, text in recorded.items()}
    wrong = [k for k in sorted(saved.keys() | wanted.keys()) if saved.get(k) != wanted.get(k)]
    if wrong:
        listed = "; ".join(f"{k} is {saved.get(k)}, expected {wanted.get(k)}" for k in wrong[:3])
        raise CheckpointError(
            f"{where} was saved with another network or optimiser, in {len(wrong)} arrays: {listed}"
        )


def _set_aside(source: ocp.CheckpointManager, step: int, damaged: Mapping[int, str]) -> None:
    """Move damaged steps out of the way of those that a run saves anew, and say so.

    Args:
        source: Manager of the run's steps.
        step: Step that the run goes on from.
        damaged: Reasons, by step.
    """
    for number, reason in sorted(damaged.items()):
        place = Path(source.directory).parent / DAMAGED / str(number)
        while place.exists():
            place = place.with_name(f"{place.name}+")
        if jax.process_index() == 0:
            place.parent.mkdir(exist_ok=True)
            (Path(source.directory) / str(number)).rename(place)
        logging.warning(
            "Step %d %s: it is now in %s, and training goes on from step %d.",
            *(number, reason, place, step),
        )
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices("damaged steps are set aside")
    source.reload()


def clear_unfinished(source: ocp.CheckpointManager) -> None:
    """Remove what kills have left of saves. None but the process that trains there may do so."""
    if jax.process_index() == 0:
        for path in Path(source.directory).glob("*.orbax-checkpoint-tmp*"):
            shutil.rmtree(path)


def begun(source: ocp.CheckpointManager) -> bool:
    """Return whether a run has saved a step, be it damaged."""
    return any(True for _ in all_steps(source))


def latest_description(source: ocp.CheckpointManager) -> Description:
    """Return the description of the latest step whose description is whole."""
    step = source.latest_step()
    assert step is not None, "ask latest_step() first"
    return step_files.read(Path(source.directory) / str(step))[0]
