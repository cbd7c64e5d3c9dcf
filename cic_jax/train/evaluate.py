"""Scores of a model on photographs: a table with one row per photograph, means, intervals."""

import csv
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import linen as nn
from jaxtyping import Float, UInt8
from ml_collections import ConfigDict

from cic_jax import metrics, photos, prior, read_out
from cic_jax.model import Model
from cic_jax.step import Compare, downsample, eval_step, grey_step, recolour
from cic_jax.target import Target, arguments, with_arguments
from cic_jax.train import bootstrap, parallel
from cic_jax.train.bootstrap import Interval
from cic_jax.train.directory import write_json

# The rebalanced AuC weighs pixels by 1 / p alone (CIC, section 3.1: equation 4 with lambda = 0).
RARITY = prior.class_weights(prior.IMAGENET, mix=0.0)
COMPARE: Compare = partial(metrics.compare, class_weights=RARITY)

Columns = dict[str, Float[np.ndarray, " n"]]  # metric -> its value for each photograph


class Table(NamedTuple):
    """Metrics per photograph: the photographs' names, and a column of values for each metric."""

    names: list[str]
    columns: Columns


Evaluate = Callable[[Any, photos.Photographs], Table]


class Evaluation(NamedTuple):
    """Tables of several colourings ("model" and "grey"), and every metric's mean and interval."""

    tables: dict[str, Table]
    intervals: dict[str, dict[str, Interval]]


def evaluate(model: Model, photographs: photos.Photographs, config: ConfigDict) -> Evaluation:
    """Score the model and the grey baseline on the same photographs."""
    return with_intervals(
        {
            "model": model_table(model, photographs, config),
            "grey": grey_table(photographs, config),
        }
    )


def with_intervals(tables: dict[str, Table]) -> Evaluation:
    """Add each metric's mean and interval to the tables."""
    return Evaluation(
        tables, {name: bootstrap.intervals(table.columns) for name, table in tables.items()}
    )


def model_table(
    model: Model,
    photographs: photos.Photographs,
    config: ConfigDict,
    compare: Compare = COMPARE,
) -> Table:
    """Score the model's colouring of each photograph, its training loss included."""
    table_of = evaluator(model.network, model.target, config, compare)
    return table_of(parallel.replicate(model.variables), photographs)


def grey_table(
    photographs: photos.Photographs, config: ConfigDict, compare: Compare = COMPARE
) -> Table:
    """Score each photograph left grey (ab = 0): the baseline."""
    step = parallel.replicas(partial(grey_step, compare=compare), (0, 0))
    return _table(step, photographs, config)


def evaluator(
    network: nn.Module, target: Target, config: ConfigDict, compare: Compare = COMPARE
) -> Evaluate:
    """Compile the evaluation: (replicated variables, photographs) -> Table, on all devices."""
    step = partial(
        eval_step,
        network=network,
        compare=compare,
        downsample=partial(downsample, every_fourth=config.target.every_fourth),
        unify=config.colour.unify,
    )

    def score(variables, photographs, mask, settings, given):
        aimed = with_arguments(target, given)
        return step(variables, photographs, mask, settings, target=aimed)

    compiled, given = parallel.replicas(score, (0, 0, 0, None, None)), arguments(target)
    settings = read_out.from_config(config.colour)
    read_out.require(settings, target)

    def table_of(variables, photographs):
        traced = read_out.traced(settings)
        return _table(lambda *x: compiled(variables, *x, traced, given), photographs, config)

    return table_of


def _table(step: Callable, photographs: photos.Photographs, config: ConfigDict) -> Table:
    """Run `step` on batches that divide among the devices, and drop what fills the last one up."""
    devices = jax.local_device_count()
    batch_size = -(-config.train.batch_size // devices) * devices
    names: list[str] = []
    batches: list[Columns] = []
    for batch in photos.evaluation_batches(
        photographs, batch_size, config.data.size, config.data.short_side
    ):
        values = step(parallel.shard(batch["photo"]), parallel.shard(batch["mask"]))
        flat = {name: np.asarray(x).reshape(-1)[batch["valid"]] for name, x in values.items()}
        batches.append(flat)
        names += batch["names"][: len(next(iter(flat.values())))]
    return Table(
        names, {name: np.concatenate([columns[name] for columns in batches]) for name in batches[0]}
    )


def means(table: Table) -> dict[str, float]:
    """Average each metric over photographs."""
    return {name: float(np.mean(values)) for name, values in table.columns.items()}


def format_evaluation(evaluation: Evaluation) -> str:
    """Format the intervals for a terminal: a line per metric, the model next to grey."""
    count = len(evaluation.tables["model"].names)
    lines = [f"{count} photographs{'model':>34}{'grey (ab = 0)':>30}"]
    for name, ours in evaluation.intervals["model"].items():
        cells = [_cell(ours), _cell(evaluation.intervals["grey"].get(name))]
        lines.append(f"{name:<20}" + "".join(f"{cell:>30}" for cell in cells))
    return "\n".join(lines)


def _cell(interval: Mapping[str, float] | None) -> str:
    if interval is None:
        return "-"
    return "{mean:.4g} [{low:.4g}, {high:.4g}]".format(**interval)


def write(evaluation: Evaluation, directory: Path, split: str) -> None:
    """Write means and intervals to <split>.json, and the tables to <split>.csv."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = evaluation.tables
    contents = {"photographs": len(tables["model"].names), **evaluation.intervals}
    write_json(directory / f"{split}.json", contents)
    with (directory / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        metric_names = list(tables["model"].columns)
        rows.writerow(["colouring", "name", *metric_names])
        for colouring, (names, columns) in tables.items():
            values = [columns.get(metric, [""] * len(names)) for metric in metric_names]
            rows.writerows([colouring, *row] for row in zip(names, *values, strict=True))


def colourer(
    network: nn.Module, target: Target, settings: read_out.Settings, *, unify: float = 0.0
) -> Callable[[Any, UInt8[np.ndarray, "n s s 3"]], UInt8[np.ndarray, "n s s 3"]]:
    """Compile the colouring of square photographs: (variables, rgb) -> rgb, from lightness alone.

    Args:
        network: The network, outside of any replicated step; its variables are not replicated.
        target: The target, which reads colours out of the network's output.
        settings: Settings of the read-out.
        unify: How much each thing shares one distribution.
    """
    given, traced = arguments(target), read_out.traced(settings)

    @jax.jit
    def colour(variables, rgb, settings, given):
        aimed = with_arguments(target, given)
        return recolour(variables, rgb, settings, network=network, target=aimed, unify=unify)

    return lambda variables, rgb: np.asarray(colour(variables, rgb, traced, given))


def grid(columns: list[UInt8[np.ndarray, "n s s 3"]]) -> UInt8[np.ndarray, "h w 3"]:
    """Join columns of pictures side by side, one row per photograph."""
    return np.concatenate([np.concatenate(list(column)) for column in columns], axis=1)
