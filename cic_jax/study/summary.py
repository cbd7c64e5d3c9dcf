"""Summary of the study for study.json: its models, their scores and the verdicts on the claims."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cic_jax import checkpoint
from cic_jax.model import parameter_count
from cic_jax.study import claims
from cic_jax.study.runs import Run
from cic_jax.train import bootstrap, record


def summarise(
    runs: Sequence[Run], scores: claims.Scores, steps_per_epoch: Mapping[str, int]
) -> dict[str, Any]:
    """Summarise the runs: how each model was trained, its scores with intervals, and the claims.

    Reads the runs' logs and checkpoints.

    Args:
        runs: The finished runs; runs of one model differ in their seed.
        scores: Metrics of each colouring, by seed and photograph.
        steps_per_epoch: Steps of an epoch of each subset.
    """
    described: dict[str, dict[str, Any]] = {}
    measured: dict[str, dict[str, np.ndarray]] = {metric: {} for metric in claims.RATIOS}
    for name in dict.fromkeys(run.model for run in runs):
        same = [run for run in runs if run.model == name]
        logs = [line for run in same for line in record.read(run.home) if line["split"] == "train"]
        speeds = np.array([line["images_per_second"] for line in logs])
        count = parameter_count(checkpoint.load(same[0].home).variables)
        measured["images_per_second"][name] = speeds
        measured["parameters"][name] = np.array([count])
        described[name] = {
            "epochs": same[0].config.train.epochs,
            "study_epochs": same[0].epochs,
            "steps": same[0].total_steps(steps_per_epoch[same[0].subset]),
            "best_steps": [run.saved().best for run in same],
            "parameters": count,
            "images_per_second": float(np.median(speeds)),
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
