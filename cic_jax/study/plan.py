"""Plan of the study: how much training fits into a time, by measured costs on this machine."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from cic_jax import checkpoint, photos
from cic_jax.model import Model
from cic_jax.study import mistakes, score
from cic_jax.study.runs import Run
from cic_jax.train import evaluate, parallel, record, train
from cic_jax.train.feed import STEPS_PER_DISPATCH

EVALUATIONS = 3  # per training, roughly: each costs as much as dozens of steps
PROBE_STEPS = 10  # timed steps of a probe, after as many that include compilation


def recorded(path: Path, minutes: float | None, flag: str) -> dict[str, Any] | None:
    """Read the plan that an earlier start wrote to a JSON file; None at the first start.

    Raises:
        ValueError: That plan is for another time than `minutes`, which `flag` sets.
    """
    if not path.exists():
        return None
    plan = json.loads(path.read_text())["plan"]
    if minutes not in (None, plan["minutes"]):
        raise ValueError(
            f"{path.parent} was planned for {plan['minutes'] or 'any number of'} minutes: leave "
            f"out {flag} to resume it, or name another --workdir"
        )
    return plan


class Cost(NamedTuple):
    """Seconds that the parts of a network's run take on a machine."""

    start: float  # opening the photographs and compiling
    step: float
    evaluation: float  # one pass over the validation split, once compiled
    scoring: float  # the test split, compilation included


class Job(NamedTuple):
    """Run to plan: its epochs in the study, and their cost here."""

    epochs: float
    steps_per_epoch: int
    cost: Cost


def common_factor(seconds: float, jobs: Sequence[Job]) -> float:
    """Compute the factor for all epochs by which the jobs take `seconds`, at most 1.

    Raises:
        ValueError: The time does not even suffice for starting, evaluating and scoring.
    """
    fixed = sum(
        job.cost.start + EVALUATIONS * job.cost.evaluation + job.cost.scoring for job in jobs
    )
    if fixed >= seconds:
        raise ValueError(
            f"{max(0.0, seconds) / 60:.1f} minutes are left for {len(jobs)} runs, whose start and "
            f"evaluation alone take about {fixed / 60:.1f}: allow more, or train fewer models"
        )
    training = sum(job.epochs * job.steps_per_epoch * job.cost.step for job in jobs)
    return min(1.0, (seconds - fixed) / training)


def fit(
    seconds: float, probe: Path, runs: Sequence[Run], steps_per_epoch: Mapping[str, int]
) -> tuple[float, dict[str, Any]]:
    """Measure each kind of network and fit the runs into `seconds`, measuring included.

    Args:
        seconds: The time for everything.
        probe: Directory of the short trainings; it is removed.
        runs: The runs to fit.
        steps_per_epoch: Steps of an epoch of each subset.

    Returns:
        The factor for all epochs, and the cost of each kind of network.
    """
    start, costs, jobs = time.monotonic(), {}, []
    for run in runs:
        steps, name = steps_per_epoch[run.subset], kind(run.config)
        if name not in costs:
            print(f"Measuring: {name} ...", flush=True)
            costs[name] = measure(run.config, probe, steps)
        jobs.append(Job(run.epochs, steps, costs[name]))
    factor = common_factor(seconds - (time.monotonic() - start), jobs)
    shutil.rmtree(probe)
    return factor, {name: cost._asdict() for name, cost in costs.items()}


def schedule(epochs: float, steps_per_epoch: int) -> dict[str, float]:
    """Round a run's epochs to equal dispatches, so that a single program is compiled.

    Returns:
        The config's `train.epochs` and `train.evaluate_every`.
    """
    steps = epochs * steps_per_epoch
    every = _rounded(steps / EVALUATIONS, STEPS_PER_DISPATCH)
    total = _rounded(steps, min(every, STEPS_PER_DISPATCH))
    return {"epochs": total / steps_per_epoch, "evaluate_every": every / steps_per_epoch}


def _rounded(steps: float, unit: int) -> int:
    return unit * round(steps / unit) if steps >= unit else max(1, round(steps))


def kind(config: ConfigDict) -> str:
    """Name the kind of network, which decides how long a step takes."""
    return f"{config.model.network} network, predicting {config.target.predict}"


def measure(config: ConfigDict, home: Path, steps_per_epoch: int) -> Cost:
    """Measure what the config's network costs on this machine, by a short training in `home`."""
    start = time.monotonic()
    step = config.train.batch_size / photographs_per_second(config, home, steps_per_epoch)
    trained = time.monotonic()
    splits = photos.open_splits(config.data)
    model, run = checkpoint.load(home), Run("probe", 0, "probe", 0.0, config, home)
    table_of = evaluate.evaluator(model.network, model.target, config, score.compare)
    grey = score.grey_table(splits["test"], config)
    score.score(run, model, table_of, splits["test"], grey, "test")
    scored = time.monotonic()
    evaluation = _seconds_of_evaluation(model, splits["validation"], config)
    opening = trained - start - 2 * PROBE_STEPS * step - 2 * evaluation
    return Cost(max(0.0, opening), step, evaluation, scored - trained)


def photographs_per_second(config: ConfigDict, home: Path, steps_per_epoch: int) -> float:
    """Measure the speed of a short training with the config, begun anew in `home`."""
    shutil.rmtree(home, ignore_errors=True)
    config = config.copy_and_resolve_references()
    half = PROBE_STEPS / steps_per_epoch
    config.train.update(epochs=2 * half, evaluate_every=half, init_from="", warmup_steps=0)
    train(config, home, **mistakes.HOOKS)
    log = [line for line in record.read(home) if line["split"] == "train"]
    return log[-1]["images_per_second"]


def _seconds_of_evaluation(
    model: Model, photographs: photos.Photographs, config: ConfigDict
) -> float:
    """Time one pass over the photographs, once the program is compiled."""
    table_of = evaluate.evaluator(model.network, model.target, config)
    variables = parallel.replicate(model.variables)
    table_of(variables, photographs)
    start = time.monotonic()
    table_of(variables, photographs)
    return time.monotonic() - start
