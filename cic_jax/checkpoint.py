"""Orbax: what training saves and resumes from, and what is released and restored for colouring."""

import contextlib
import json
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy as policies

from cic_jax import checksums, factory
from cic_jax import model as models
from cic_jax.configs import default
from cic_jax.metrics import METRICS, RANKED

RELEASED = Path(__file__).parent / "checkpoints"
DESCRIPTION = "model.json"  # beside the arrays of an exported model
CONFIG = "config.json"  # in the directory of a training run
CHECKPOINTS = "checkpoints"  # in the directory of a training run: its steps
ARRAYS = "variables"
MAX_FILE_BYTES = 8 * 2**20
MAX_REASON = 200  # characters of an error


class CheckpointError(ValueError):
    """No checkpoint where one was expected, or one of another shape or other contents."""


class NoCheckpointError(CheckpointError):
    """Nothing of that name is there."""


def require_plain(path: str | Path) -> None:
    """Raise CheckpointError where nothing can be saved at `path`: it would be taken for a pattern.

    Orbax joins the parts of what it saved by a glob pattern of the whole path; in one with
    brackets it finds none of them, and says nothing.
    """
    if special := sorted(set("*?[") & set(str(Path(path).absolute()))):
        raise CheckpointError(
            f"{Path(path).absolute()} has {' '.join(special)} in it, which saving takes for a "
            "pattern: choose a path without * ? ["
        )


def manager(workdir: str | Path, best_metric: str = "loss") -> ocp.CheckpointManager:
    """Save in the background to `workdir`/checkpoints; keep the latest and the best.

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
        target: See `manager`.
        step: Its number.
        state: Variables, and whatever else resuming needs, as host arrays.
        description: See `model.describe`.
        metrics: Its validation metrics; None where it was not validated.
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
        variables=ocp.args.StandardRestore(_templates(variables)),
        optimizer=ocp.args.StandardRestore(_templates(optimizer)),
    )
    with _one_line(source, step):
        restored = source.restore(step, args=items)
    return step, restored["variables"], restored["optimizer"]


def latest_description(source: ocp.CheckpointManager) -> models.Description:
    """Return the description of the latest step; CheckpointError where it cannot be restored."""
    one = ocp.args.Composite(description=ocp.args.JsonRestore())
    step = source.latest_step()
    assert step is not None, "ask latest_step() first"
    with _one_line(source, step):
        return source.restore(step, args=one)["description"]


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
        reason = _reason(error)
        raise CheckpointError(
            f"{source.directory / str(step)} cannot be restored ({reason}): {advice}"
        ) from error


def load(
    path: str | Path,
    *,
    step: int | None = None,
    convolution: str = "auto",
    build_network: models.BuildNetwork | None = None,
    build_target: models.BuildTarget | None = None,
    factories: Collection[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> models.Model:
    """Load an exported model, or a training run's. Parameters come as float32.

    A model that the caller's own functions built needs them again: either themselves, or the
    permission to import those of its description. Loading imports nothing else.

    Args:
        path: A directory; a bare name that is no path stands for a released checkpoint.
        step: A step of the run that is still kept, instead of its best.
        convolution: How the built-in networks convolve, one of `convolutions.ENGINES`.
        build_network: The function that built the network, if it is not a built-in one.
        build_target: The same for the target.
        factories: Names 'module:function' that may be imported where the description has them.
        overrides: Keys of the config, such as "target.sigma", to set otherwise than in training.

    Raises CheckpointError where there is no checkpoint, where its files do not match its checksums
    (a model exported by an earlier version has none) and where other functions built it.
    """
    path = _find(path)
    _verify(path)
    try:
        about = _described(path, step)
        own = factory.agreed(
            about.get("factories", {}),
            {factory.NETWORK: build_network, factory.TARGET: build_target},
            factories,
        )
        build: dict[str, Any] = {f"build_{kind}": function for kind, function in own.items()}
        if overrides:
            config = default.completed(about["config"])
            config.update_from_flattened_dict(dict(overrides))
            about["config"] = config.to_dict()
        variables = _restored(path, step, models.shapes(about, **build))
    except factory.FactoryError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (ValueError, KeyError, FileNotFoundError) as error:
        reason = _reason(error)
        raise CheckpointError(
            f"{path} holds no checkpoint that can be restored: {reason}"
        ) from error
    return models.build(about, variables, convolution, **build)


def factories_of(path: str | Path) -> dict[str, str]:
    """Return the names of the functions that built a checkpoint's network and target, if any."""
    return _described(_find(path), None).get("factories", {})


def best_step(workdir: Path) -> int:
    """Return the step of a training run that `load` takes; CheckpointError before the first."""
    try:
        with _run(workdir, None) as (_, step):
            return step
    except FileNotFoundError as error:
        raise CheckpointError(f"{workdir}: {error}") from error


def _verify(path: Path) -> None:
    if not (path / checksums.NAME).exists():
        return
    if wrong := checksums.differences(path, _files(path)):
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(
            f"{path} is not as it was exported: {', '.join(wrong[:3])}{more}; restore the "
            "directory from version control, or download or export it again"
        )


def _files(path: Path) -> list[Path]:
    """List the files of an exported model that its checksums cover; others beside them are free."""
    known = [path / DESCRIPTION, *(path / ARRAYS).rglob("*")]
    return [each for each in known if each.is_file()]


def _described(path: Path, step: int | None) -> models.Description:
    if (path / DESCRIPTION).exists():
        return json.loads((path / DESCRIPTION).read_text(encoding="utf-8"))
    with _run(path, step) as (source, at):
        one = ocp.args.Composite(description=ocp.args.JsonRestore())
        return source.restore(at, args=one)["description"]


def _restored(path: Path, step: int | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Restore variables of these shapes."""
    if (path / DESCRIPTION).exists():
        with ocp.StandardCheckpointer() as checkpointer:
            variables = checkpointer.restore((path / ARRAYS).absolute(), _templates(wanted))
    else:
        with _run(path, step) as (source, at):
            arrays = ocp.args.Composite(variables=ocp.args.StandardRestore(_templates(wanted)))
            variables = source.restore(at, args=arrays)["variables"]
    return _checked(variables, wanted)


@contextlib.contextmanager
def _run(path: Path, step: int | None) -> Iterator[tuple[ocp.CheckpointManager, int]]:
    """Open a training run at a step, its best unless one is named."""
    config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    with manager(path, config["train"]["best_metric"]) as source:
        step = source.best_step() if step is None else step
        if step is None:
            raise FileNotFoundError("the run has not saved a step yet")
        yield source, step


def _checked(variables: Any, wanted: Any) -> Any:
    """Return the variables; ValueError for another shape, which Orbax fits in without a word."""
    for (path, found), expected in zip(
        jax.tree.leaves_with_path(variables), jax.tree.leaves(wanted), strict=True
    ):
        if found.shape != expected.shape:
            name = jax.tree_util.keystr(path)
            raise ValueError(f"{name} is {found.shape}, its description asks for {expected.shape}")
    return variables


def export(path: str | Path, model: models.Model, dtype: Any = jnp.bfloat16) -> None:
    """Write parameters and statistics alone, in `dtype` and in files of at most about 8 MiB.

    Their checksums lie beside them, for `load` and `sha256sum -c SHA256SUMS`.
    """
    path = Path(path).absolute()
    require_plain(path)
    if path.exists():
        raise CheckpointError(f"{path} exists already; remove it or export elsewhere")
    path.mkdir(parents=True)
    small = jax.tree.map(lambda x: np.asarray(x).astype(dtype), model.variables)
    with ocp.Checkpointer(ocp.PyTreeCheckpointHandler(use_ocdbt=True)) as checkpointer:
        arguments = ocp.args.PyTreeSave(small, ocdbt_target_data_file_size=MAX_FILE_BYTES)
        checkpointer.save(path / ARRAYS, args=arguments)
    (path / ARRAYS / "commit_success.txt").unlink(missing_ok=True)  # names a path of this machine
    text = json.dumps(model.description, indent=1) + "\n"
    (path / DESCRIPTION).write_text(text, encoding="utf-8", newline="\n")
    checksums.write(path, _files(path))


def _find(path: str | Path) -> Path:
    for candidate in (Path(path).expanduser(), RELEASED / path):
        if any((candidate / name).exists() for name in (DESCRIPTION, CONFIG, checksums.NAME)):
            return candidate
    released = sorted(p.parent.name for p in RELEASED.glob(f"*/{DESCRIPTION}"))
    raise NoCheckpointError(
        f"no checkpoint at {path}: expected a directory with {DESCRIPTION} (exported) or {CONFIG} "
        f"(a training run), or one of the released names ({', '.join(released) or 'none yet'})"
    )


def _reason(error: Exception) -> str:
    """Shorten an error of Orbax, which can take kilobytes, to a part of a line."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]} ..."


def _templates(tree: Any) -> Any:
    """Return host arrays of these shapes: with a template any number of devices can restore."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), tree)
