"""Show the whole project at work, in a few minutes on two cores, on one page.

    python experiments/demo.py --workdir=runs/demo

Draws scenes, trains a small model on them, interrupts the training and resumes it, scores the model
against grey photographs, and colours photographs. The page is <workdir>/index.html.
"""

import contextlib
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cic_jax import startup

with startup.imports(__name__):
    import numpy as np
    from absl import flags
    from ml_collections import ConfigDict
    from PIL import Image

    from cic_jax import checkpoint, entry, machine, photos
    from cic_jax.cli import console
    from cic_jax.colorize import Colorizer
    from cic_jax.metrics import LIKENESS, METRICS
    from cic_jax.model import Model, parameter_count
    from cic_jax.report import charts, gallery, page
    from cic_jax.report.markdown import written
    from cic_jax.train import evaluate, record, train

CONFIG = entry.define_config(Path(__file__).parents[1] / "configs/demo.py")
WORKDIR = flags.DEFINE_string("workdir", "runs/demo", "Folder for the page and the model.")

SCENES = 4  # test scenes that are shown
WIDTH = 480  # pixels of the photographs on the page
PHOTOGRAPHS = {
    "motorcycle": "Middlebury Stereo 2014 (Scharstein et al.), from scikit-image",
    "rocket": "SpaceX, from scikit-image",
}


class Trained(NamedTuple):
    """Steps of training: those before the interruption, and all."""

    interrupted: int
    steps: int


class Stages:
    """Announces each stage and measures its time."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        print(f"{name} ...", flush=True)
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start


def run(config: ConfigDict, workdir: Path) -> Path:
    """Run the whole demo and return the page's path."""
    stage, home = Stages(), workdir / "model"
    with stage("Draw the scenes"):
        splits = photos.open_splits(config.data)
    shutil.rmtree(home, ignore_errors=True)  # an earlier demo's
    with stage("Train, be interrupted by Ctrl-C, and go on"):
        trained = train_interrupted(config, home)
    with stage("Score the test scenes"):
        model = checkpoint.load(home)
        evaluation = evaluate.evaluate(model, splits["test"], config)
        evaluate.write(evaluation, home, "test")
    with stage("Colour test scenes and photographs"):
        shown = gallery.first(splits["test"], SCENES, config.data.size, config.data.short_side)
        colorizer = Colorizer(model, config.data.size)
        scenes = scenes_sections(colorizer, shown, config.colour.temperature)
        photographs = photographs_section(model)
    counts = {name: len(split) for name, split in splits.items()}
    done = done_section(config, counts, trained, parameter_count(model.variables), stage)
    parts = [done, loss_section(home), metrics_section(evaluation)]
    sections = [*parts, *scenes, photographs, next_section(home)]
    path = workdir / "index.html"
    lead = "A small model learned to colour drawn scenes here, just now."
    page.write(path, "cic_jax: the demo", lead, sections)
    print(evaluate.format_evaluation(evaluation))
    return path


def train_interrupted(config: ConfigDict, home: Path) -> Trained:
    """Train up to the first validation, simulate Ctrl-C, and resume to the end."""
    threading.Thread(target=_interrupt, args=(home,), daemon=True).start()
    train(config, home)
    with checkpoint.manager(home, config.train.best_metric) as manager:
        interrupted = manager.latest_step()
    train(config, home)
    return Trained(interrupted, record.read(home)[-1]["step"])


def _interrupt(home: Path) -> None:
    while not any(line["split"] == "validation" for line in record.read(home)):
        time.sleep(0.1)
    signal.raise_signal(signal.SIGINT)


def done_section(
    config: ConfigDict, counts: dict[str, int], trained: Trained, parameters: int, stage: Stages
) -> page.Section:
    """Describe what was done, and how long each stage took.

    Args:
        config: Config of the training.
        counts: Scenes by split.
        trained: Steps of the training.
        parameters: Number of the model's parameters.
        stage: Stages with their times.
    """
    text = (
        f"{counts['train']} scenes to train on, {counts['validation']} to validate and "
        f"{counts['test']} to test. The {config.model.network} network at {config.model.width:g} "
        f"of its width ({parameters:,} parameters) was trained from scratch for {trained.steps} "
        f"steps of {config.train.batch_size} crops. After step {trained.interrupted} it was "
        "interrupted and went on from its checkpoint."
    )
    seconds = stage.seconds | {"All": sum(stage.seconds.values())}
    rows = [{"Stage": name, "Time": f"{value:.0f} s"} for name, value in seconds.items()]
    return page.Section("What was done", text, page.table(rows))


def loss_section(home: Path) -> page.Section:
    """Plot the loss."""
    text = (
        "Cross-entropy of the predicted distribution over 313 colours with the true one; rare "
        "colours weigh more. The model with the least validation loss is kept."
    )
    figure = charts.loss_curves({"demo": record.read(home)})
    return page.Section("Loss", text, page.chart(figure, "Training and validation loss by epoch"))


def metrics_section(evaluation: evaluate.Evaluation) -> page.Section:
    """Tabulate the metrics of the model and of the scenes left grey."""
    rows = [
        {
            "Metric": f"{metric.title}, {metric.unit}; {metric.better} is better",
            "The model": written(metric, evaluation.intervals["model"][name]),
            "Left grey": written(metric, evaluation.intervals["grey"][name]),
        }
        for name, metric in ((name, METRICS[name]) for name in LIKENESS)
    ]
    ours, grey = (evaluation.intervals[key]["rmse_ab"]["mean"] for key in ("model", "grey"))
    text = (
        f"Means over {len(evaluation.tables['model'].names)} test scenes, with bootstrap 95 % "
        f"intervals. By the RMSE of ab the {'model' if ours < grey else 'grey scene'} is closer to "
        "the truth; a vivid colour that is wrong costs more than none."
    )
    return page.Section("Likeness to the truth", text, page.table(rows))


def scenes_sections(
    colorizer: Colorizer, shown: gallery.Pictures, temperature: float
) -> list[page.Section]:
    """Show test scenes coloured, one at several temperatures, and a pixel's distribution."""
    columns = {
        "grey": gallery.grey(shown),
        "coloured": gallery.coloured(colorizer, shown, temperature),
        "truth": shown,
    }
    scenes = [(name, column[i]) for i in range(len(shown)) for name, column in columns.items()]
    row = gallery.temperatures(colorizer, shown[0])
    pixel = charts.pixel_distribution(shown[0], *gallery.least_sure(colorizer, shown[0]))
    return [
        page.Section(
            "Test scenes",
            "The model saw the lightness alone, after few scenes: much is a guess, paint always.",
            page.gallery(scenes, columns=len(columns)),
        ),
        page.Section(
            "Temperature",
            "How the predicted distribution is read out: its mean is greyish, its mode spotty; "
            f"between them, T = {temperature:g} is used elsewhere.",
            page.gallery([(name, pictures[0]) for name, pictures in row.items()]),
        ),
        page.Section(
            "One pixel",
            "Where the model is least sure: the area of a square is its colour's probability.",
            page.chart(pixel, "A scene with a marked pixel, and its distribution in the ab plane"),
        ),
    ]


def photographs_section(model: Model) -> page.Section:
    """Colour real photographs by the released model if there is one, else by the demo's own."""
    name = console.DEFAULT_CHECKPOINT
    released = (checkpoint.RELEASED / name / checkpoint.DESCRIPTION).exists()
    colorizer = Colorizer(checkpoint.load(name) if released else model)
    pictures = []
    for title, credit in PHOTOGRAPHS.items():
        photo = load_photograph(title)
        grey = gallery.grey(photo)
        pictures += [("grey", grey), ("coloured", colorizer(grey)), (f"truth: {credit}", photo)]
    who = "No model is released here: the demo's own, which saw drawn scenes only, coloured them."
    if released:
        who = f"The released model {name}, which was trained on photographs, coloured them."
    return page.Section("Photographs", who, page.gallery(pictures, columns=3))


def load_photograph(name: str) -> np.ndarray:
    """Load a photograph of scikit-image, reduced for the page."""
    from skimage import data

    loaders = {"motorcycle": lambda: data.stereo_motorcycle()[0], "rocket": data.rocket}
    photo = Image.fromarray(loaders[name]())
    return np.asarray(photo.resize((WIDTH, round(WIDTH * photo.height / photo.width))))


def next_section(home: Path) -> page.Section:
    """Suggest commands to try next."""
    lines = [
        f"# colour your own photographs (add --checkpoint={home} for the model of this demo)\n"
        "cic-jax colorize PHOTO_OR_FOLDER --out=coloured\n",
        "# draw every figure of this model\n"
        f"python experiments/figures.py --runs={home} --out=figures\n",
        "# the study's network on the drawn scenes (hours on a CPU)\n"
        "python experiments/train.py --config=configs/simplified.py --workdir=runs/simplified\n",
        "# train on your own folder of photographs\n"
        "python experiments/train.py --config=configs/simplified.py --workdir=runs/mine \\\n"
        "    --config.data.source=folder --config.data.path=PHOTOS",
    ]
    where = "In the environment that make has set up: source .venv/bin/activate"
    return page.Section("Next", where, page.commands(lines))


def main() -> None:
    """Run the demo and print the page's path."""
    # Programs compiled before the interruption are reused after it.
    machine.keep_compiled(Path(WORKDIR.value) / "compiled")
    start = time.monotonic()
    path = run(CONFIG.value, Path(WORKDIR.value))
    print(f"Done in {time.monotonic() - start:.0f} s. The page: {path.absolute()}")


if __name__ == "__main__":
    entry.run(main)
