"""Draw every figure of the study for the models that there are.

    python experiments/figures.py --runs=runs/simplified,runs/rebalanced --out=figures

Reads what train.py and evaluate.py left in each run. What is missing is named, and the other
figures are drawn. Photographs come from the first run's data.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import flags
from matplotlib.figure import Figure

from cic_jax import bins, checkpoint, entry, figures, gallery, photos, prior, record
from cic_jax.colorize import Colorizer
from cic_jax.figure_style import label, save
from cic_jax.model import Model
from configs import default

RUNS = flags.DEFINE_list(
    "runs", None, "Training runs, exported checkpoints or released names.", required=True
)
OUT = flags.DEFINE_string("out", "figures", "Where the PNG files go.")
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
PHOTOGRAPHS = flags.DEFINE_integer("photographs", 5, "How many photographs.", lower_bound=1)
NAMES = flags.DEFINE_list("names", [], "Photographs by their names, in place of the first ones.")

Drawn = Iterator[tuple[str, Figure]]


def from_logs(runs: dict[str, Path]) -> Drawn:
    """losses: the training and validation loss of the runs that have a log."""
    logs = {name: record.read(path) for name, path in runs.items()}
    for name in [name for name, log in logs.items() if not log]:
        _say(f"losses: no {record.LOG} in {runs[name]}")
        del logs[name]
    if logs:
        yield "losses", figures.loss_curves(logs)


def from_tables(runs: dict[str, Path], split: str) -> Drawn:
    """metrics: those of the runs that evaluate.py has scored."""
    scores = {}
    for name, path in runs.items():
        table = path / f"{split}.json"
        if table.exists():
            scores[name] = json.loads(table.read_text())
        else:
            _say(f"metrics: no {table}: run experiments/evaluate.py --workdir={path} first")
    if scores:
        counts = sorted({score["photographs"] for score in scores.values()})
        what = f"{' or '.join(map(str, counts))} {split} photographs"
        yield "metrics", figures.metric_bars(scores, what)


def from_priors(models: dict[str, Model]) -> Drawn:
    """bins: how often each colour occurs, in the models' training sets and in ImageNet."""
    own: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, model in models.items():
        config = model.description["config"]
        if model.target.centers is not None and config.get("prior", {}).get("source") == "own":
            p = np.asarray(model.description["prior"], np.float32)
            if not any(np.array_equal(p, other) for _, other in own.values()):
                own[f"Training set of {label(name)}"] = (model.target.centers, p)
    imagenet = {"ImageNet": prior.IMAGENET, "ImageNet, smoothed": prior.smooth(prior.IMAGENET)}
    published = {name: (bins.CENTERS, p) for name, p in imagenet.items()}
    yield "bins", figures.bin_distributions(own | published)


def from_photographs(models: dict[str, Model], split: str, count: int, names: list[str]) -> Drawn:
    """predictions of all models, and for each the temperatures and a pixel's distribution."""
    config = default.get_config()
    config.update(next(iter(models.values())).description["config"])
    try:
        photographs = photos.open_splits(config.data)[split]
    except (ValueError, FileNotFoundError) as error:
        _say(f"predictions: {error}")
        return
    if names:
        photographs, count = photographs.named(names), len(names)
    shown = gallery.first(photographs, count, config.data.size, config.data.short_side)
    predictions = {}
    for name, model in models.items():
        colorizer = Colorizer(model, config.data.size)
        predictions[name] = gallery.coloured(colorizer, shown, config.colour.temperature)
        if model.target.centers is None:
            _say(f"{name}_temperatures, {name}_pixel: this model predicts ab itself")
            continue
        row = gallery.temperatures(colorizer, shown[0])
        yield (
            f"{name}_temperatures",
            figures.photo_grid(
                row, f"{label(name)}: the same prediction, read out at temperature T"
            ),
        )
        pixel = gallery.least_sure(colorizer, shown[0])
        yield f"{name}_pixel", figures.pixel_distribution(shown[0], *pixel)
    columns = {"grey": gallery.grey(shown), **predictions, "truth": shown}
    title = f"{label(split)} photographs from their lightness (T = {config.colour.temperature:g})"
    yield "predictions", figures.photo_grid(columns, title)


def main() -> None:
    """Draw, and name each file."""
    runs = _named(RUNS.value)
    models = dict(_load(runs))
    drawn = [*from_logs(runs), *from_tables(runs, SPLIT.value)]
    if models:
        drawn += from_priors(models)
        drawn += from_photographs(models, SPLIT.value, PHOTOGRAPHS.value, NAMES.value)
    for name, figure in drawn:
        path = Path(OUT.value) / f"{name}.png"
        save(figure, path)
        print(path)
    if not drawn:
        sys.exit(f"nothing to draw in {', '.join(RUNS.value)}: train a model first")


def _named(runs: list[str]) -> dict[str, Path]:
    """Each run's directory by its name."""
    paths = [Path(run) if Path(run).exists() else checkpoint.RELEASED / run for run in runs]
    named = {path.resolve().name: path for path in paths}
    if len(named) < len(paths):
        sys.exit(f"--runs: expected directories of different names, got {', '.join(runs)}")
    return named


def _load(runs: dict[str, Path]) -> Iterator[tuple[str, Model]]:
    for name, path in runs.items():
        try:
            yield name, checkpoint.load(path)
        except checkpoint.CheckpointError as error:
            _say(f"{name}: {error}")


def _say(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    entry.run(main)
