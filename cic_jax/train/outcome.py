"""What became of a run, by the validations in its log."""

from collections.abc import Sequence
from typing import Any

from cic_jax.metrics import METRICS

OF_A_LINE = ("step", "split", "epoch")  # what a line says besides the metrics

Validations = Sequence[dict[str, Any]]  # lines of the log; see `record.read`


def figures(validations: Validations) -> dict[str, float]:
    """Return the metrics of the last validation; {} where there is none."""
    last = validations[-1] if validations else {}
    return {name: value for name, value in last.items() if name not in OF_A_LINE}


def line(validations: Validations, metric: str) -> str:
    """Say in a line whether a run that began with a checkpoint is better than that by a metric.

    The first validation is that of the checkpoint. Runs of earlier versions have none of it.
    """
    if not validations or validations[0]["step"] > 0:
        return "The checkpoint it started from was not validated"
    sign = 1 if METRICS[metric].better == "higher" else -1
    start, best = validations[0], max(validations, key=lambda line: sign * line[metric])
    if best["step"] == start["step"]:
        return (
            f"Nothing improved on the checkpoint it started from, which stays the run's model: "
            f"validation {metric} {start[metric]:.4g}"
        )
    return (
        f"Best is step {best['step']}: validation {metric} {best[metric]:.4g}, "
        f"{start[metric]:.4g} at the start"
    )
