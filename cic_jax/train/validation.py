"""Validation of a run while it trains: metrics for the log, pictures for TensorBoard."""

from collections.abc import Callable
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from cic_jax import photos, read_out
from cic_jax.train import build, evaluate, feed, parallel, record

PICTURES = 8  # validation photographs whose colouring TensorBoard shows


def validator(
    config: ConfigDict,
    parts: build.Parts,
    photographs: photos.Photographs,
    recorder: record.Recorder,
    source: feed.Feed,
) -> Callable[[int, Any], dict[str, float]]:
    """Return (step, replicated state) -> the metrics over the validation split, also logged.

    Args:
        config: Batch size, window and read-out.
        parts: The network and the target.
        photographs: The validation split.
        recorder: Writes the metrics, and some coloured photographs.
        source: Input of the loop; its `steps_per_epoch` converts steps to epochs.
    """
    network = parallel.for_one_device(parts.network)
    table_of = evaluate.evaluator(network, parts.target, config)
    shown = np.stack(
        [
            photos.window(photographs[i]["image"], config.data.size)[0]
            for i in range(min(PICTURES, len(photographs)))
        ]
    )
    settings = read_out.from_config(config.colour)
    colour = evaluate.colourer(network, parts.target, settings, unify=config.colour.unify)

    def validate(step: int, state: Any) -> dict[str, float]:
        metrics = evaluate.means(table_of(state.variables, photographs))
        recorder.scalars(step, "validation", epoch=step / source.steps_per_epoch, **metrics)
        grey = np.repeat(shown.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)
        coloured = colour(parallel.unreplicate(state.variables), shown)
        recorder.picture(step, "grey, coloured, true", evaluate.grid([grey, coloured, shown]))
        return metrics

    return validate
