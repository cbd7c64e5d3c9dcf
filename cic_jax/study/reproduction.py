"""The repeated study from its runs to its report: plan, train, score, write."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cic_jax import photos
from cic_jax.report import charts, drawings
from cic_jax.report.names import label
from cic_jax.study import files, pictures, plan
from cic_jax.study.runs import Run, train_to_end
from cic_jax.study.score import grey_table, score_all
from cic_jax.study.scored import Scored
from cic_jax.study.summary import summarise
from cic_jax.train import feed
from cic_jax.train.directory import write_json

STUDY = "study.json"


def reproduce(
    workdir: Path,
    runs: Sequence[Run],
    command: str,
    models: Sequence[str] = (),
    minutes: float | None = None,
    *,
    train: bool = True,
    report: bool = True,
    speeds: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Repeat the study, or resume it, and write its results.

    Args:
        workdir: Directory of the study and its results.
        runs: All runs of the study, of every model and seed.
        command: The command that does this, for the record.
        models: Models to train now, all where empty. Those that an earlier call trained are scored
            as well.
        minutes: Time to fit training and scoring into, by scaling all epochs alike; None trains all
            epochs.
        train: Whether to train what is not finished, or only to report what is.
        report: Whether to report what is finished, or only to train.
        speeds: Training speeds in a benchmark; None tests no claim of speed.

    Raises:
        ValueError: The time is too short, or not the one that an earlier call planned for; or no
            run is finished.
        SystemExit: The training was interrupted.
    """
    config = runs[0].config
    splits = {run.subset: photos.open_splits(run.config.data) for run in runs}
    steps = {
        subset: feed.steps_per_epoch(len(photographs["train"]), config.train.batch_size)
        for subset, photographs in splits.items()
    }
    chosen = [run for run in runs if run.model in models or not models]
    planned = plan.recorded(workdir / STUDY, minutes, "--budget_minutes")
    if planned is None:
        planned = {"command": command, **_first_plan(workdir, chosen, steps, minutes)}
    elif (
        minutes == planned["minutes"] and train and not models
    ):  # other commands would not repeat this
        planned["command"] = command
    _set_epochs(runs, planned, steps)
    write_json(workdir / STUDY, {"plan": planned})
    test = splits["final"]["test"]
    grey = functools.cache(functools.partial(grey_table, test, config))
    for run in chosen if train else ():
        if not run.finished(steps[run.subset]):
            print(f"Training {label(run.model)}, seed {run.seed} ...", flush=True)
            train_to_end(run.config, run.home, run.total_steps(steps[run.subset]))
            score_all([run], test, grey)  # at once: the next training may be interrupted
    if not report:
        return
    unfinished = {run.model for run in runs if not run.finished(steps[run.subset])}
    done = [run for run in runs if run.model not in unfinished]
    if not done:
        raise ValueError(f"no run in {workdir} is finished: train one, or merge what was")
    scores, kept = score_all(done, test, grey)
    results = {
        "plan": planned,
        "source": config.data.source,
        "temperature": config.colour.temperature,
        "seeds": list(dict.fromkeys(run.seed for run in runs)),
        "photographs": {
            "train": {subset: len(split["train"]) for subset, split in splits.items()},
            "test": len(test),
        },
        **summarise(done, scores, kept, steps, speeds or {}),
    }
    files.write(workdir, results, dict(_figures(done, results, kept)))


def _first_plan(
    workdir: Path, runs: Sequence[Run], steps: Mapping[str, int], minutes: float | None
) -> dict[str, Any]:
    """Compute the factor for all epochs, with the costs behind it."""
    factor, seconds = 1.0, dict[str, Any]()
    if minutes is not None:
        factor, seconds = plan.fit(60 * minutes, workdir / "probe", runs, steps)
    return {"minutes": minutes, "factor": factor, "seconds": seconds}


def _set_epochs(runs: Sequence[Run], planned: dict[str, Any], steps: Mapping[str, int]) -> None:
    """Give each run its epochs, and record them in the plan."""
    for run in runs:
        epochs = planned["factor"] * run.config.train.epochs
        run.config.train.update(plan.schedule(epochs, steps[run.subset]))
        print(f"{label(run.model)}, seed {run.seed}: {run.config.train.epochs:.3g} epochs")
    planned["epochs"] = {run.model: run.config.train.epochs for run in runs}


def _figures(
    runs: Sequence[Run], results: Mapping[str, Any], kept: Mapping[str, Sequence[Scored]]
) -> Iterator[tuple[str, Figure]]:
    """Draw the bars of the metrics, and the other figures for the first seed."""
    homes = {run.model: run.home for run in reversed(runs)}
    intervals = results["figures"]
    scores = {name: {"model": intervals[name], "grey": intervals["grey"]} for name in kept}
    count = results["photographs"]["test"]
    yield "metrics", charts.metric_bars(scores, f"{count} test photographs")
    yield from drawings.from_logs({name: homes[name] for name in kept})
    yield from drawings.from_priors(
        {name: same[0].about["description"] for name, same in kept.items()}
    )
    yield from pictures.draw(
        {name: same[0].pictures for name, same in kept.items()}, results["temperature"]
    )
