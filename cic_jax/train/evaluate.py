"""A model and a split of photographs -> a table with one row a photograph, and its intervals."""

import csv
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import linen as nn
from jaxtyping import UInt8
from ml_collections import ConfigDict

from cic_jax import metrics, photos, prior
from cic_jax import model as models
from cic_jax import step as steps
from cic_jax.target import Target
from cic_jax.train import build, parallel

RESAMPLES = 10_000
CONFIDENCE = 0.95
# The rebalanced AuC weighs pixels by 1 / p alone (CIC, section 3.1: equation 4 with lambda = 0).
RARITY = prior.class_weights(prior.IMAGENET, mix=0.0)
COMPARE: steps.Compare = partial(metrics.compare, class_weights=RARITY)

Table = dict[str, Any]  # "name": list of str, and per metric Float 'n'
Evaluate = Callable[[Any, photos.Photographs], Table]


class Report(NamedTuple):
    """For "model" and "grey" the table of every photograph, and each metric's mean and interval."""

    tables: dict[str, Table]
    summary: dict[str, dict[str, dict[str, float]]]


def evaluator(
    network: nn.Module, target: Target, config: ConfigDict, compare: steps.Compare = COMPARE
) -> Evaluate:
    """(replicated variables, photographs) -> every metric of each photograph, on all devices."""
    step = parallel.replicas(
        partial(
            steps.eval_step,
            network=network,
            target=target,
            compare=compare,
            every_fourth=config.target.every_fourth,
        ),
        (0, 0, 0, None),
    )

    def evaluate(variables, photographs):
        temperature = np.float32(config.colour.temperature)
        return _table(lambda *x: step(variables, *x, temperature), photographs, config)

    return evaluate


def grey_baseline(
    photographs: photos.Photographs, config: ConfigDict, compare: steps.Compare = COMPARE
) -> Table:
    """The same table for ab = 0: what a photograph left grey scores."""
    step = parallel.replicas(partial(steps.grey_step, compare=compare), (0, 0))
    return _table(step, photographs, config)


def _table(step: Callable, photographs: photos.Photographs, config: ConfigDict) -> Table:
    devices = jax.local_device_count()
    batch_size = -(-config.train.batch_size // devices) * devices
    names: list[str] = []
    columns: list[dict[str, np.ndarray]] = []
    for batch in photos.evaluation_batches(
        photographs, batch_size, config.data.size, config.data.short_side
    ):
        figures = step(parallel.shard(batch["photo"]), parallel.shard(batch["mask"]))
        flat = {name: np.asarray(x).reshape(-1)[batch["valid"]] for name, x in figures.items()}
        columns.append(flat)
        names += batch["names"][: len(next(iter(flat.values())))]
    return {"name": names} | {
        name: np.concatenate([c[name] for c in columns]) for name in columns[0]
    }


def means(table: Table) -> dict[str, float]:
    """The mean of each metric over photographs."""
    return {name: float(np.mean(x)) for name, x in table.items() if name != "name"}


def intervals(table: Table, seed: int = 0) -> dict[str, dict[str, float]]:
    """Mean and bootstrap 95 % interval of each metric, resampling photographs (Efron, 1979)."""
    count = len(table["name"])
    rng = np.random.default_rng(seed)
    # How often each photograph was drawn is all that a resampled mean needs.
    draws = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    tail = 50 * (1 - CONFIDENCE)
    summary = {}
    for name, values in table.items():
        if name == "name":
            continue
        low, high = np.percentile(draws @ values, [tail, 100 - tail])
        summary[name] = {"mean": float(np.mean(values)), "low": float(low), "high": float(high)}
    return summary


def report(model: models.Model, photographs: photos.Photographs, config: ConfigDict) -> Report:
    """The model and the grey baseline on the same photographs: tables and intervals."""
    return summarise(
        {"model": table(model, photographs, config), "grey": grey_baseline(photographs, config)}
    )


def table(
    model: models.Model,
    photographs: photos.Photographs,
    config: ConfigDict,
    compare: steps.Compare = COMPARE,
) -> Table:
    """Every figure of each photograph as the model colours it, the loss being the config's."""
    palette = build.remembered_palette(config, model.description)
    target = build.build_target(config, palette)
    table_of = evaluator(model.network, target, config, compare)
    return table_of(parallel.replicate(model.variables), photographs)


def summarise(tables: dict[str, Table]) -> Report:
    """The tables with each metric's mean and interval."""
    return Report(tables, {name: intervals(each) for name, each in tables.items()})


def format_report(report: Report) -> str:
    """A table for people: one line a metric, the model beside grey."""
    count = len(report.tables["model"]["name"])
    lines = [f"{count} photographs{'model':>34}{'grey (ab = 0)':>30}"]
    for name, ours in report.summary["model"].items():
        cells = [_cell(ours), _cell(report.summary["grey"].get(name))]
        lines.append(f"{name:<20}" + "".join(f"{cell:>30}" for cell in cells))
    return "\n".join(lines)


def _cell(interval: dict[str, float] | None) -> str:
    if interval is None:
        return "-"
    return "{mean:.4g} [{low:.4g}, {high:.4g}]".format(**interval)


def write(report: Report, directory: Path, split: str) -> None:
    """`<split>.json` with means and intervals, `<split>.csv` with a row a photograph and model."""
    directory.mkdir(parents=True, exist_ok=True)
    summary = {"photographs": len(report.tables["model"]["name"]), **report.summary}
    (directory / f"{split}.json").write_text(json.dumps(summary, indent=1) + "\n")
    with (directory / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        metrics = list(report.tables["model"])
        rows.writerow(["colouring", *metrics])
        for name, table in report.tables.items():
            columns = [table.get(metric, [""] * len(table["name"])) for metric in metrics]
            rows.writerows([name, *row] for row in zip(*columns, strict=True))


def colourings(
    variables: Any,
    rgb: UInt8[np.ndarray, "n s s 3"],
    *,
    network: nn.Module,
    target: Target,
    temperature: float,
) -> UInt8[np.ndarray, "n s s 3"]:
    """Photographs as the model colours them from their lightness."""
    colour = jax.jit(partial(steps.recolour, network=network, target=target))
    return np.asarray(colour(variables, rgb, temperature))


def grid(columns: list[UInt8[np.ndarray, "n s s 3"]]) -> UInt8[np.ndarray, "h w 3"]:
    """Columns of pictures side by side, one row a photograph."""
    return np.concatenate([np.concatenate(list(column)) for column in columns], axis=1)
