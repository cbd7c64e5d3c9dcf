"""Summary of the study for study.json: its models, their scores and the verdicts on the claims."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cic_jax.report import results
from cic_jax.study import claims
from cic_jax.study.runs import Run
from cic_jax.study.scored import Scored
from cic_jax.train import bootstrap, goodput, record


def summarise(
    runs: Sequence[Run],
    scores: claims.Scores,
    kept: Mapping[str, Sequence[Scored]],
    steps_per_epoch: Mapping[str, int],
    speeds: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Summarise the runs: how each model was trained, its scores with intervals, and the claims.

    Reads the runs' logs, their machines and the time that their parts took.

    Args:
        runs: The finished runs; runs of one model differ in their seed.
        scores: Metrics of each colouring, by seed and photograph.
        kept: What is kept of each model's runs.
        steps_per_epoch: Steps of an epoch of each subset.
        speeds: Training speeds in a benchmark, see `speeds.from_benchmark`; empty without one.
    """
    described: dict[str, dict[str, Any]] = {}
    counts: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(run.model for run in runs):
        same = [run for run in runs if run.model == name]
        machines = [_json(run.home / record.MACHINE) for run in same]
        logs = [line for run in same for line in record.read(run.home) if line["split"] == "train"]
        count = kept[name][0].about["parameters"]
        counts[name] = np.array([count])
        described[name] = {
            "epochs": same[0].config.train.epochs,
            "study_epochs": same[0].epochs,
            "steps": same[0].total_steps(steps_per_epoch[same[0].subset]),
            "best_steps": [one.about["best"] for one in kept[name]],
            "parameters": count,
            "images_per_second": float(np.median([line["images_per_second"] for line in logs])),
            "device": results.device(machines[0]),
            "commit": machines[0].get("commit"),
            "seconds": [_seconds(run.home, one) for run, one in zip(same, kept[name], strict=True)],
        }
    return {
        "models": described,
        "figures": {
            name: {metric: bootstrap.interval(values) for metric, values in columns.items()}
            for name, columns in scores.items()
        },
        "claims": [claims.judge(claim, scores) for claim in claims.CLAIMS]
        + claims.judge_overfitting(list(described), scores)
        + [
            claims.judge_ratio("parameters", counts),
            claims.judge_ratio("images_per_second", speeds),
        ],
    }


def _seconds(home: Path, kept: Scored) -> dict[str, float]:
    """Return the seconds of a run by part: those of its training, its scoring and its pictures."""
    return _json(home / goodput.TIME)["seconds"] | kept.about["seconds"]


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
