"""Release a trained model: bfloat16 weights, scored as they are, with a card and checksums."""

import copy
import json
import re
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from cic_jax import checkpoint, photos
from cic_jax.description import Description
from cic_jax.model import Model
from cic_jax.report import results
from cic_jax.report.card import Texts, Trained, card
from cic_jax.train import evaluate, record

CARD = "README.md"
LIMIT = 16 * 2**20  # bytes; each file of a release must be smaller
Score = Callable[[Model, photos.Photographs, ConfigDict], evaluate.Evaluation]
NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


class ReleaseError(ValueError):
    """Refusal to release a model; the message says why."""


def best(
    run: Path, factories: Collection[str] = (), overrides: Mapping[str, Any] | None = None
) -> Trained:
    """Load the best step of a training run; CheckpointError or ReleaseError if there is none.

    `factories` are names of functions that may be imported, and `overrides` other values of the
    config, as in `checkpoint.load`.
    """
    if checkpoint.config_of(run) is None:
        raise ReleaseError(f"expected a training run, {run} has no {checkpoint.CONFIG}")
    step = checkpoint.best_step(run)
    model = checkpoint.load(run, step=step, factories=factories, overrides=overrides)
    log = [line for line in record.read(run) if line["step"] <= step]
    minutes = results.training_minutes(log, model.description["config"]["train"]["batch_size"])
    machine, device = run / record.MACHINE, None
    if machine.exists():
        device = results.device(json.loads(machine.read_text(encoding="utf-8")))
    return Trained(model, step, minutes or None, device)


def release(
    trained: Trained,
    config: ConfigDict,
    texts: Texts,
    folder: Path,
    name: str,
    score: Score = evaluate.evaluate,
    factories: Collection[str] = (),
) -> evaluate.Evaluation:
    """Replace the release `folder`/`name`, once the new one is written and scored.

    A failure leaves the old release as it was. Raises ReleaseError, and what `photos.open_splits`
    raises.

    Args:
        trained: The model to release.
        config: Config of its training; the data section finds the photographs.
        texts: Texts of the card.
        folder: Folder of all releases.
        name: Name of this release.
        score: Function that evaluates the released weights on the test split.
        factories: As in `best`.
    """
    target = folder / name
    _check(config, target, name)
    splits = photos.open_splits(config.data)
    model = trained.model._replace(description=without_paths(trained.model.description))
    trained = trained._replace(model=model)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as scratch:
        fresh = Path(scratch) / "new"
        checkpoint.export(fresh, trained.model)
        size = _size(fresh)
        evaluation = score(checkpoint.load(fresh, factories=factories), splits["test"], config)
        counts = {split: len(photographs) for split, photographs in splits.items()}
        text = card(name, trained, counts, evaluation.intervals, texts, size)
        (fresh / CARD).write_text(text, encoding="utf-8")
        swap_in(fresh, target, Path(scratch) / "old")
    return evaluation


def _check(config: ConfigDict, target: Path, name: str) -> None:
    if not NAME.fullmatch(name):
        raise ReleaseError(
            f"--name: expected letters, digits and . _ - that begin with a letter or digit, got "
            f"{name!r}"
        )
    if target.exists() and not (target / checkpoint.DESCRIPTION).exists():
        raise ReleaseError(f"{target} is no released model: it would be lost, choose another name")
    if config.data.leak:
        raise ReleaseError(
            f"config.data.leak = {config.data.leak:g} of the test photographs were trained on: "
            "there is no honest score of this run, release one without"
        )


def without_paths(description: Description) -> Description:
    """Return a model's description without the paths of the machine that trained it."""
    description = copy.deepcopy(description)
    config = description["config"]
    config["data"].update(path="", data_dir="")
    config["train"]["init_from"] = Path(config["train"]["init_from"]).name
    return description


def _size(exported: Path) -> int:
    """Sum the sizes of all files; ReleaseError names one too large for a repository."""
    sizes = {path: path.stat().st_size for path in exported.rglob("*") if path.is_file()}
    largest = max(sizes, key=lambda path: sizes[path])
    if sizes[largest] >= LIMIT:
        raise ReleaseError(
            f"{largest.relative_to(exported)} would be {sizes[largest] / 2**20:.1f} MiB, files of "
            f"a release are below {LIMIT / 2**20:g} MiB: release a narrower network"
        )
    return sum(sizes.values())


def swap_in(fresh: Path, target: Path, old: Path) -> None:
    """Move `target` to `old` and `fresh` to `target`; undo the first if the second fails."""
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
