"""The runs and their figures -> what study.json holds of them, with the verdicts on the claims."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cic_jax import checkpoint
from cic_jax import model as models
from cic_jax.study import claims
from cic_jax.study.runs import Run
from cic_jax.train import bootstrap, record


def summarise(
    runs: Sequence[Run], scores: claims.Scores, steps_per_epoch: Mapping[str, int]
) -> dict[str, Any]:
    """The models, by what they were trained; every figure with its interval; and the claims.

    `steps_per_epoch` is of each subset. Reads the runs' logs and checkpoints.
    """
    described: dict[str, dict[str, Any]] = {}
    measured: dict[str, dict[str, np.ndarray]] = {metric: {} for metric in claims.RATIOS}
    for name in dict.fromkeys(run.model for run in runs):
        same = [run for run in runs if run.model == name]
        logs = [line for run in same for line in record.read(run.home) if line["split"] == "train"]
        speeds = np.array([line["images_per_second"] for line in logs])
        count = models.parameter_count(checkpoint.load(same[0].home).variables)
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
    every = [*claims.CLAIMS, *map(claims.overfitting, described)]
    return {
        "models": described,
        "figures": {
            name: {metric: bootstrap.interval(values) for metric, values in found.items()}
            for name, found in scores.items()
        },
        "claims": [claims.judge(claim, scores) for claim in every]
        + [claims.judge_ratio(metric, values) for metric, values in measured.items()],
    }
