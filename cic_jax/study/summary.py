"""Summary of the study for study.json: its models, their scores and the verdicts on the claims."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cic_jax.study import claims
from cic_jax.study.runs import Run
from cic_jax.study.scored import Scored
from cic_jax.train import bootstrap, goodput, record


def summarise(
    runs: Sequence[Run],
    scores: claims.Scores,
    kept: Mapping[str, Sequence[Scored]],
    steps_per_epoch: Mapping[str, int],
) -> dict[str, Any]:
    """Summarise the runs: how each model was trained, its scores with intervals, and the claims.

    Reads the runs' logs and the time that their parts took.

    Args:
        runs: The finished runs; runs of one model differ in their seed.
        scores: Metrics of each colouring, by seed and photograph.
        kept: What is kept of each model's runs.
        steps_per_epoch: Steps of an epoch of each subset.
    """
    described: dict[str, dict[str, Any]] = {}
    measured: dict[str, dict[str, np.ndarray]] = {metric: {} for metric in claims.RATIOS}
    for name in dict.fromkeys(run.model for run in runs):
        same = [run for run in runs if run.model == name]
        logs = [line for run in same for line in record.read(run.home) if line["split"] == "train"]
        speeds = np.array([line["images_per_second"] for line in logs])
        count = kept[name][0].about["parameters"]
        measured["images_per_second"][name] = speeds
        measured["parameters"][name] = np.array([count])
        described[name] = {
            "epochs": same[0].config.train.epochs,
            "study_epochs": same[0].epochs,
            "steps": same[0].total_steps(steps_per_epoch[same[0].subset]),
            "best_steps": [one.about["best"] for one in kept[name]],
            "parameters": count,
            "images_per_second": float(np.median(speeds)),
            "seconds": [_seconds(run.home, one) for run, one in zip(same, kept[name], strict=True)],
        }
    tested = [*claims.CLAIMS, *map(claims.overfitting, described)]
    return {
        "models": described,
        "figures": {
            name: {metric: bootstrap.interval(values) for metric, values in columns.items()}
            for name, columns in scores.items()
        },
        "claims": [claims.judge(claim, scores) for claim in tested]
        + [claims.judge_ratio(metric, values) for metric, values in measured.items()],
    }


def _seconds(home: Path, kept: Scored) -> dict[str, float]:
    """Return the seconds of a run by part: those of its training, its scoring and its pictures."""
    return json.loads((home / goodput.TIME).read_text())["seconds"] | kept.about["seconds"]
