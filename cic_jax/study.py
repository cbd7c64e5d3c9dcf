"""The study as data: its models and figures, and how much of its training fits into a time.

Everything here is pure: experiments/reproduce.py trains and measures, `claims` decides and
`study_report` tabulates.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt8

from cic_jax import lab, metrics
from cic_jax.feed import STEPS_PER_DISPATCH
from cic_jax.figures import METRICS, Metric

PLAIN = ("euclidean", "unbalanced_one_hot", "unbalanced")
REBALANCED = ("rebalanced", "rebalanced_smoothed", "rebalanced_ours")
GROUPS: dict[tuple[str, ...], str] = {
    PLAIN: "Euclidean and unbalanced",
    REBALANCED: "the rebalanced",
}
MODELS = (*PLAIN, *REBALANCED, "simplified", "rebalanced_ours_final", "simplified_final")
STARTS_FROM = {"simplified_final": "simplified", "simplified_final_leaking": "simplified"}
# Mistakes of the study's code that one option repeats: variant -> the model and the option.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "rebalanced_smoothed_index": ("rebalanced_smoothed", {"prior.smoothing": "index"}),
    "rebalanced_ours_10_photographs": ("rebalanced_ours", {"prior.photographs": 10}),
    "simplified_final_leaking": ("simplified_final", {"data.leak": 0.31}),
}
# Read off the study's bar charts. Its SSIM was computed with a data range of 2.
PUBLISHED = {
    name: dict(zip(("rmse_ab", "rmse", "psnr", "ssim_range_2"), row, strict=True))
    for name, row in {
        "euclidean": (13.6, 0.083, 22.6, 0.92),
        "unbalanced_one_hot": (13.5, 0.082, 23.1, 0.93),
        "unbalanced": (13.3, 0.081, 23.3, 0.93),
        "rebalanced": (18.6, 0.109, 19.8, 0.89),
        "rebalanced_smoothed": (20.9, 0.121, 19.4, 0.87),
        "rebalanced_ours": (17.8, 0.106, 20.0, 0.90),
        "simplified": (16.2, 0.096, 20.8, 0.91),
        "rebalanced_ours_final": (16.0, 0.093, 20.9, 0.91),
        "simplified_final": (11.2, 0.065, 24.4, 0.94),
    }.items()
}
WRITTEN = METRICS | {
    "ssim_range_2": Metric("SSIM, data range 2", "", "higher", 3),
    "auc_rebalanced": Metric("AuC, rebalanced", "", "higher", 3),
    "colorfulness": Metric("Colourfulness", "", "", 1),
    "colour_distance": Metric("Distance of colour distributions", "", "lower", 3),
    "loss": Metric("Loss", "", "lower", 3),
    "log_density": Metric("Log density of paint", "", "higher", 2),
    "expected": Metric("Expected of true paint", "", "", 2),
    "plausible": Metric("Plausible objects", "", "higher", 2),
    "parameters": Metric("Parameters", "", "", 2),
    "images_per_second": Metric("Training images/s", "", "", 2),
}
EVALUATIONS = 10  # of a model during training, about


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


@jax.jit
def ssim_range_2(
    rgb: UInt8[Array, "b h w 3"], mask: Bool[Array, "b h w"], ab: Float[Array, "b h w 2"]
) -> Float[Array, " b"]:
    """SSIM of photographs coloured with `ab`, with the study's data range of 2: too high.

    Only SSIM's constants know of the range, so halving the values is the same as doubling it.
    """
    rgb = rgb.astype(jnp.float32) / 255
    lightness = lab.rgb_to_lab(rgb)[..., :1]
    coloured = lab.lab_to_rgb(jnp.concatenate([lightness, ab], axis=-1))
    return metrics.ssim(rgb / 2, coloured / 2, mask)
