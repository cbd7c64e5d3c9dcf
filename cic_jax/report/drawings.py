"""Figures of runs and models on disk, each with a name for its file.

A figure whose files are missing is named on stderr and left out.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cic_jax import bins, photos, prior
from cic_jax.colorize import Colorizer
from cic_jax.configs import default
from cic_jax.description import Description
from cic_jax.model import Model, palette
from cic_jax.report import charts, gallery
from cic_jax.report.names import label
from cic_jax.train import record

Drawn = Iterator[tuple[str, Figure]]


def from_logs(runs: dict[str, Path]) -> Drawn:
    """Draw "losses": training and validation loss of the runs that have a log."""
    logs = {name: record.read(path) for name, path in runs.items()}
    for name in [name for name, log in logs.items() if not log]:
        say(f"losses: no {record.LOG} in {runs[name]}")
        del logs[name]
    if logs:
        yield "losses", charts.loss_curves(logs)


def from_scores(runs: dict[str, Path], split: str) -> Drawn:
    """Draw "metrics": those of the runs that evaluate.py has scored."""
    scores = {}
    for name, path in runs.items():
        file = path / f"{split}.json"
        if file.exists():
            scores[name] = json.loads(file.read_text())
        else:
            say(f"metrics: no {file}: run experiments/evaluate.py --workdir={path} first")
    if scores:
        counts = sorted({score["photographs"] for score in scores.values()})
        scored = f"{' or '.join(map(str, counts))} {split} photographs"
        yield "metrics", charts.metric_bars(scores, scored)


def from_priors(models: Mapping[str, Description]) -> Drawn:
    """Draw "bins": how often each colour occurs in the models' training sets and in ImageNet.

    `models` are descriptions by name.
    """
    own: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, description in models.items():
        config, colours = description["config"], palette(description)
        if colours is None or config.get("prior", {}).get("source") != "own":
            continue
        if not any(np.array_equal(colours.prior, other) for _, other in own.values()):
            own[f"Training set of {label(name)}"] = (colours.centers, colours.prior)
    imagenet = {"ImageNet": prior.IMAGENET, "ImageNet, smoothed": prior.smooth(prior.IMAGENET)}
    published = {name: (bins.CENTERS, p) for name, p in imagenet.items()}
    yield "bins", charts.bin_distributions(own | published)


def from_photographs(models: dict[str, Model], split: str, count: int, names: list[str]) -> Drawn:
    """Draw "predictions" of all models, and each model's temperatures and pixel distribution.

    Args:
        models: Models by name; the config of the first one finds the photographs.
        split: 'train', 'validation' or 'test'.
        count: Number of photographs, from the first on.
        names: Names of the photographs to show instead.
    """
    config = default.completed(next(iter(models.values())).description["config"])
    try:
        photographs = photos.open_splits(config.data)[split]
    except (ValueError, FileNotFoundError) as error:
        say(f"predictions: {error}")
        return
    if names:
        photographs, count = photographs.named(names), len(names)
    shown = gallery.first(photographs, count, config.data.size, config.data.short_side)
    predictions = {}
    for name, model in models.items():
        colorizer = Colorizer(model, config.data.size)
        predictions[name] = gallery.coloured(colorizer, shown, config.colour.temperature)
        if model.target.centers is None:
            say(f"{name}_temperatures, {name}_pixel: this model predicts ab itself")
            continue
        row = gallery.temperatures(colorizer, shown[0])
        yield (
            f"{name}_temperatures",
            charts.photo_grid(
                row, f"{label(name)}: the same prediction, read out at temperature T"
            ),
        )
        pixel = gallery.least_sure(colorizer, shown[0])
        yield f"{name}_pixel", charts.pixel_distribution(shown[0], *pixel)
    columns = {"grey": gallery.grey(shown), **predictions, "truth": shown}
    title = f"{label(split)} photographs from their lightness (T = {config.colour.temperature:g})"
    yield "predictions", charts.photo_grid(columns, title)


def say(message: str) -> None:
    """Print to stderr."""
    print(message, file=sys.stderr)
