"""Orbax checkpoints: saved and resumed by training, exported for release, loaded for colouring."""

import contextlib
import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from absl import logging

from cic_jax import array_files, checksums, exported, factory, step_files
from cic_jax.configs import default
from cic_jax.description import Description, checked
from cic_jax.exported import ARRAYS, DESCRIPTION, export
from cic_jax.model import BuildNetwork, BuildTarget, Model, build, shapes
from cic_jax.run_config import CONFIG, config_of, has_steps
from cic_jax.step_files import CHECKPOINTS, CheckpointError, NoCheckpointError, short_reason

if TYPE_CHECKING:
    from cic_jax.saved_steps import (
        begun,
        clear_unfinished,
        latest_description,
        manager,
        require_plain,
        resume,
        save,
        wait,
    )

__all__ = [
    "CHECKPOINTS",
    "DESCRIPTION",
    "CheckpointError",
    "NoCheckpointError",
    "begun",
    "best_step",
    "clear_unfinished",
    "config_of",
    "description_of",
    "export",
    "factories_of",
    "has_steps",
    "latest_description",
    "load",
    "manager",
    "require_plain",
    "resume",
    "save",
    "wait",
]

RELEASED = Path(__file__).parent / "checkpoints"
OF_STEPS = {
    "begun",
    "clear_unfinished",
    "latest_description",
    "manager",
    "require_plain",
    "resume",
    "save",
    "wait",
}
# What a description or arrays raise whose contents make no sense together
MISTAKEN = (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError, MemoryError)


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): colouring by an exported model does without Orbax.
    if name in OF_STEPS:
        from cic_jax import saved_steps

        return getattr(saved_steps, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(
    path: str | Path,
    *,
    step: int | None = None,
    convolution: str = "auto",
    build_network: BuildNetwork | None = None,
    build_target: BuildTarget | None = None,
    factories: Collection[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> Model:
    """Load an exported model, or that of a training run, in float32.

    A model built by the caller's own functions needs them again: pass the functions, or allow the
    names in its description to be imported. Loading imports no other code.

    Args:
        path: Directory of a run or an exported model, or the name of a released checkpoint.
        step: Step of a run to load instead of the best; it must still be kept.
        convolution: Engine of the built-in networks, one of `convolutions.ENGINES`.
        build_network: Function that built the network; None for a built-in one.
        build_target: The same for the target.
        factories: Names 'module:function' in the description that may be imported.
        overrides: Values to change in the config, by key, such as "target.sigma".

    Raises CheckpointError if there is no checkpoint, if its files do not match its checksums
    (models exported by earlier versions have none), or if other functions built it.
    """
    path = folder(path)
    if step is not None and (path / DESCRIPTION).exists():
        raise CheckpointError(
            f"{path} is an exported model, which has no steps: leave out the step"
        )
    exported.verify(path)
    try:
        about = checked(_described(path, step))
        own = factory.agreed(
            about.get("factories", {}),
            {factory.NETWORK: build_network, factory.TARGET: build_target},
            factories,
        )
        builders: dict[str, Any] = {f"build_{kind}": function for kind, function in own.items()}
        if overrides:
            config = default.completed(about["config"])
            config.update_from_flattened_dict(dict(overrides))
            about["config"] = config.to_dict()
        variables = _restored(path, step, shapes(about, **builders))
        model = build(about, variables, convolution, **builders)
    except factory.FactoryError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except MISTAKEN as error:
        reason = short_reason(error)
        raise CheckpointError(
            f"{path} holds no checkpoint that can be restored: {reason}"
        ) from error
    return model


def description_of(path: str | Path) -> Description:
    """Return the description of a checkpoint, as `load` finds it; see `model.describe`.

    Raises CheckpointError as `load` does.
    """
    found = folder(path)
    try:
        return checked(_described(found, None))
    except MISTAKEN as error:
        raise CheckpointError(
            f"{found} holds no checkpoint that can be restored: {short_reason(error)}"
        ) from error


def factories_of(path: str | Path) -> dict[str, str]:
    """Return the names of the functions that built a checkpoint's network and target, if any."""
    return _described(folder(path), None).get("factories", {})


def best_step(workdir: Path) -> int:
    """Return the best step of a training run; CheckpointError if none has been saved."""
    try:
        with _run(workdir, None) as (_, step):
            return step
    except FileNotFoundError as error:
        raise CheckpointError(f"{workdir}: {error}") from error


def _described(path: Path, step: int | None) -> Description:
    if (path / DESCRIPTION).exists():
        return json.loads((path / DESCRIPTION).read_text(encoding="utf-8"))
    from cic_jax import saved_steps

    with _run(path, step) as (source, at):
        for number, reason in saved_steps.damaged_steps(source).items():
            logging.warning("%s: step %d %s: step %d is taken.", path, number, reason, at)
        return step_files.read(Path(source.directory) / str(at))[0]


def _restored(path: Path, step: int | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Restore the variables of a checkpoint; `wanted` has their shapes."""
    if (path / DESCRIPTION).exists():
        variables = array_files.read(path / ARRAYS, wanted)
    else:
        variables = _restored_step(path, step, wanted)
    return _checked(variables, wanted)


def _restored_step(path: Path, step: int | None, wanted: dict[str, Any]) -> dict[str, Any]:
    import orbax.checkpoint as ocp

    with _run(path, step) as (source, at):
        templates = step_files.templates(wanted)
        arrays = ocp.args.Composite(variables=ocp.args.StandardRestore(templates))
        with step_files.restoring():
            variables = source.restore(at, args=arrays)["variables"]
        recorded = step_files.read(Path(source.directory) / str(at))[1].get("arrays")
    if recorded is not None and (wrong := checksums.differing(recorded[ARRAYS], variables)):
        raise CheckpointError(f"step {at} was changed since it was saved: {', '.join(wrong[:3])}")
    return variables


@contextlib.contextmanager
def _run(path: Path, step: int | None) -> Iterator[tuple[Any, int]]:
    """Open Orbax's manager of a training run at `step`, or at its best step if None."""
    from cic_jax import saved_steps

    config = config_of(path)
    if config is None:
        raise FileNotFoundError("the run has not saved a step yet")
    with saved_steps.manager(path, default.completed(config).train.best_metric) as source:
        step = source.best_step() if step is None else step
        if step is None:
            raise FileNotFoundError("the run has not saved a step yet")
        yield source, step


def _checked(variables: Any, wanted: Any) -> Any:
    """Return the variables; ValueError for a wrong shape or NaN, which Orbax restores silently."""
    for (path, restored), expected in zip(
        jax.tree.leaves_with_path(variables), jax.tree.leaves(wanted), strict=True
    ):
        if restored.shape != expected.shape:
            name = jax.tree_util.keystr(path)
            raise ValueError(
                f"{name} is {restored.shape}, its description asks for {expected.shape}"
            )
        if not np.isfinite(np.asarray(restored, np.float32)).all():
            raise ValueError(f"{jax.tree_util.keystr(path)} has values that are not finite")
    return variables


def folder(path: str | Path) -> Path:
    """Find the directory of a checkpoint, as `load` takes it. Raises NoCheckpointError."""
    for candidate in (Path(path).expanduser(), RELEASED / path):
        named = any((candidate / name).is_file() for name in (DESCRIPTION, CONFIG, checksums.NAME))
        if named or has_steps(candidate):
            return candidate
    released = sorted(p.parent.name for p in RELEASED.glob(f"*/{DESCRIPTION}"))
    near = difflib.get_close_matches(str(path), released, 1)
    meant = f" (is {near[0]} meant?)" if near else ""
    raise NoCheckpointError(
        f"no checkpoint at {path}{meant}: expected a directory with {DESCRIPTION} (exported) or "
        f"{CONFIG} (a training run), or one of the released names "
        f"({', '.join(released) or 'none yet'})"
    )
