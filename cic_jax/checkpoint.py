"""Orbax: what training saves and resumes from, and what is released and restored for colouring."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy as policies

from cic_jax import checksums
from cic_jax import model as models
from cic_jax.metrics import METRICS, RANKED

RELEASED = Path(__file__).parent / "checkpoints"
DESCRIPTION = "model.json"  # beside the arrays of an exported model
CONFIG = "config.json"  # in the directory of a training run
ARRAYS = "variables"
MAX_FILE_BYTES = 8 * 2**20


class CheckpointError(ValueError):
    """No checkpoint where one was expected, or one of another shape or other contents."""


class NoCheckpointError(CheckpointError):
    """Nothing of that name is there."""


def manager(workdir: str | Path, best_metric: str = "loss") -> ocp.CheckpointManager:
    """Saves in the background to `workdir`/checkpoints; keeps the latest and the best.

    The best has the lowest or highest validation metric of that name, whichever `metrics.METRICS`
    calls better. Raises CheckpointError for a name that it does not rank.
    """
    if best_metric not in RANKED:
        raise CheckpointError(
            f"config.train.best_metric must be one of {', '.join(RANKED)}; it is {best_metric!r}"
        )
    sign = 1.0 if METRICS[best_metric].better == "higher" else -1.0

    def score(validation):
        return sign * validation[best_metric]

    keep = [policies.LatestN(1), policies.BestN(get_metric_fn=score, n=1)]
    options = ocp.CheckpointManagerOptions(
        enable_async_checkpointing=True,
        best_fn=score,
        preservation_policy=policies.AnyPreservationPolicy(keep),
    )
    return ocp.CheckpointManager(Path(workdir).absolute() / "checkpoints", options=options)


def save(
    target: ocp.CheckpointManager,
    step: int,
    state: tuple[dict[str, Any], Any],
    description: dict[str, Any],
    metrics: dict[str, float] | None,
) -> None:
    """Save (variables, optimiser state) as host arrays, the description and metrics beside them."""
    variables, optimizer = state
    items = ocp.args.Composite(
        variables=ocp.args.StandardSave(variables),
        optimizer=ocp.args.StandardSave(optimizer),
        description=ocp.args.JsonSave({**description, "metrics": metrics or {}}),
    )
    target.save(step, args=items, metrics=metrics)


def resume(source: ocp.CheckpointManager, variables: Any, optimizer: Any) -> tuple[int, Any, Any]:
    """The latest step with its variables and optimiser state, shaped like those given."""
    step = source.latest_step()
    assert step is not None, "ask latest_step() first"
    items = ocp.args.Composite(
        variables=ocp.args.StandardRestore(_templates(variables)),
        optimizer=ocp.args.StandardRestore(_templates(optimizer)),
    )
    restored = source.restore(step, args=items)
    return step, restored["variables"], restored["optimizer"]


def load(path: str | Path, *, step: int | None = None, convolution: str = "auto") -> models.Model:
    """The model in an exported directory, or of a training run: its best step, unless one is named.

    A bare name that is no path stands for a released checkpoint. Parameters come as float32.
    Raises CheckpointError where there is none, or where its files are not those of its checksums;
    an exported model without checksums, as earlier versions wrote it, is taken as it is.
    """
    path = _find(path)
    _verify(path)
    try:
        if (path / DESCRIPTION).exists():
            description, variables = _load_exported(path)
        else:
            description, variables = _load_run(path, step)
    except (ValueError, KeyError, FileNotFoundError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{path} holds no checkpoint that can be restored: {reason}"
        ) from error
    return models.build(description, variables, convolution)


def best_step(workdir: Path) -> int:
    """The step of a training run that `load` takes; CheckpointError where none is saved yet."""
    config = json.loads((workdir / CONFIG).read_text(encoding="utf-8"))
    with manager(workdir, config["train"]["best_metric"]) as source:
        step = source.best_step()
    if step is None:
        raise CheckpointError(f"the run in {workdir} has not saved a step yet")
    return step


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
    """Those of an exported model that its checksums are of; what lies beside them is free."""
    known = [path / DESCRIPTION, *(path / ARRAYS).rglob("*")]
    return [each for each in known if each.is_file()]


def _load_exported(path: Path) -> tuple[dict[str, Any], Any]:
    description = json.loads((path / DESCRIPTION).read_text(encoding="utf-8"))
    wanted = models.shapes(description)
    with ocp.StandardCheckpointer() as checkpointer:
        variables = checkpointer.restore((path / ARRAYS).absolute(), _templates(wanted))
    return description, _checked(variables, wanted)


def _load_run(path: Path, step: int | None) -> tuple[dict[str, Any], Any]:
    config = json.loads((path / CONFIG).read_text())
    with manager(path, config["train"]["best_metric"]) as source:
        step = source.best_step() if step is None else step
        if step is None:
            raise FileNotFoundError("the run has not saved a step yet")
        one = ocp.args.Composite(description=ocp.args.JsonRestore())
        description = source.restore(step, args=one)["description"]
        wanted = models.shapes(description)
        arrays = ocp.args.StandardRestore(_templates(wanted))
        variables = source.restore(step, args=ocp.args.Composite(variables=arrays))["variables"]
    return description, _checked(variables, wanted)


def _checked(variables: Any, wanted: Any) -> Any:
    """Orbax fits arrays of other shapes into the template without a word."""
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
    for candidate in (Path(path), RELEASED / path):
        if any((candidate / name).exists() for name in (DESCRIPTION, CONFIG, checksums.NAME)):
            return candidate
    released = sorted(p.parent.name for p in RELEASED.glob(f"*/{DESCRIPTION}"))
    raise NoCheckpointError(
        f"no checkpoint at {path}: expected a directory with {DESCRIPTION} (exported) or {CONFIG} "
        f"(a training run), or one of the released names ({', '.join(released) or 'none yet'})"
    )


def _templates(tree: Any) -> Any:
    """Host arrays of the same shapes: with a template any number of devices can restore."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), tree)
