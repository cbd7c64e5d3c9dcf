"""How much of the study's training fits into a time, from what a network costs on this machine."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from cic_jax import checkpoint, photos
from cic_jax import model as models
from cic_jax.study import score
from cic_jax.train import build, evaluate, parallel, record, train
from cic_jax.train.feed import STEPS_PER_DISPATCH

EVALUATIONS = 3  # of a model during training, about: each costs as much as dozens of steps
PROBE_STEPS = 10  # whose time is measured, after as many that compile


class Cost(NamedTuple):
    """Seconds that a network takes on a machine."""

    start: float  # opening the photographs and compiling
    step: float
    evaluation: float  # of the validation split, once compiled
    scoring: float  # of the test split, compiling included


class Job(NamedTuple):
    """A run to plan: its epochs in the study, and what they cost here."""

    epochs: float
    steps_per_epoch: int
    cost: Cost


def common_factor(seconds: float, jobs: Sequence[Job]) -> float:
    """What to multiply all epochs with so that the jobs take `seconds`; 1 where they take less.

    Raises ValueError where the time does not even suffice for what is not training.
    """
    fixed = sum(j.cost.start + EVALUATIONS * j.cost.evaluation + j.cost.scoring for j in jobs)
    if fixed >= seconds:
        raise ValueError(
            f"{max(0.0, seconds) / 60:.1f} minutes are left for {len(jobs)} runs, whose start and "
            f"evaluation alone take about {fixed / 60:.1f}: allow more, or train fewer models"
        )
    training = sum(j.epochs * j.steps_per_epoch * j.cost.step for j in jobs)
    return min(1.0, (seconds - fixed) / training)


def schedule(epochs: float, steps_per_epoch: int) -> dict[str, float]:
    """`epochs` and `evaluate_every` of a run, in equal dispatches: one program to compile."""
    steps = epochs * steps_per_epoch
    every = _rounded(steps / EVALUATIONS, STEPS_PER_DISPATCH)
    total = _rounded(steps, min(every, STEPS_PER_DISPATCH))
    return {"epochs": total / steps_per_epoch, "evaluate_every": every / steps_per_epoch}


def _rounded(steps: float, unit: int) -> int:
    return unit * round(steps / unit) if steps >= unit else max(1, round(steps))


def kind(config: ConfigDict) -> str:
    """What decides how long a step takes."""
    return f"{config.model.network} network, predicting {config.target.predict}"


def measure(config: ConfigDict, home: Path, steps_per_epoch: int) -> Cost:
    """What the config's network costs on this machine, from a short training in `home`."""
    start = time.monotonic()
    step = config.train.batch_size / photographs_per_second(config, home, steps_per_epoch)
    trained = time.monotonic()
    splits = photos.open_splits(config.data)
    grey = score.grey_table(splits["test"], config)
    score.score(home, config, splits["test"], grey, "test")
    scored = time.monotonic()
    evaluation = _seconds_of_evaluation(checkpoint.load(home), splits["validation"], config)
    others = trained - start - 2 * PROBE_STEPS * step - 2 * evaluation
    return Cost(max(0.0, others), step, evaluation, scored - trained)


def photographs_per_second(config: ConfigDict, home: Path, steps_per_epoch: int) -> float:
    """Of a short training with the config, anew in `home`, which keeps it."""
    shutil.rmtree(home, ignore_errors=True)
    config = config.copy_and_resolve_references()
    some = PROBE_STEPS / steps_per_epoch
    config.train.update(epochs=2 * some, evaluate_every=some, init_from="", warmup_steps=0)
    train(config, home)
    return [x for x in record.read(home) if x["split"] == "train"][-1]["images_per_second"]


def _seconds_of_evaluation(
    model: models.Model, photographs: photos.Photographs, config: ConfigDict
) -> float:
    """Of one pass, once the program is compiled."""
    palette = build.remembered_palette(config, model.description)
    target = build.build_target(config, palette)
    table_of = evaluate.evaluator(model.network, target, config)
    variables = parallel.replicate(model.variables)
    table_of(variables, photographs)
    start = time.monotonic()
    table_of(variables, photographs)
    return time.monotonic() - start
