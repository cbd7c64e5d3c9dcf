"""Draw every figure for trained models.

    python experiments/figures.py --runs=runs/simplified,runs/rebalanced --out=figures

Reads what train.py and evaluate.py wrote into each run. A figure whose files are missing is named
and left out. Photographs come from the data of the first run.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags

    from cic_jax import checkpoint, entry
    from cic_jax.model import Model
    from cic_jax.report import drawings
    from cic_jax.report.style import save

RUNS = flags.DEFINE_list(
    "runs", None, "Training runs, exported checkpoints or released names.", required=True
)
OUT = flags.DEFINE_string("out", "figures", "Folder for the PNG files.")
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
PHOTOGRAPHS = flags.DEFINE_integer("photographs", 5, "How many photographs.", lower_bound=1)
NAMES = flags.DEFINE_list("names", [], "Names of the photographs to show, instead of the first.")


def main() -> None:
    """Draw the figures, save them and print their paths."""
    runs = _named(RUNS.value)
    models = dict(_load(runs))
    drawn = [*drawings.from_logs(runs), *drawings.from_scores(runs, SPLIT.value)]
    if models:
        described = {name: model.description for name, model in models.items()}
        drawn += drawings.from_priors(described)
        drawn += drawings.from_photographs(models, SPLIT.value, PHOTOGRAPHS.value, NAMES.value)
    for name, figure in drawn:
        path = Path(OUT.value) / f"{name}.png"
        save(figure, path)
        print(path)
    if not drawn:
        sys.exit(f"nothing to draw in {', '.join(RUNS.value)}: train a model first")


def _named(runs: list[str]) -> dict[str, Path]:
    """Map each run's name to its directory."""
    paths = [Path(run) for run in runs]
    released = [checkpoint.RELEASED / path for path in paths]
    paths = [
        model if model.is_dir() and not path.exists() else path
        for path, model in zip(paths, released, strict=True)
    ]
    named = {path.resolve().name: path for path in paths}
    if len(named) < len(paths):
        sys.exit(f"--runs: expected directories of different names, got {', '.join(runs)}")
    return named


def _load(runs: dict[str, Path]) -> Iterator[tuple[str, Model]]:
    for name, path in runs.items():
        try:
            yield name, checkpoint.load(path)
        except checkpoint.CheckpointError as error:
            drawings.say(f"{name}: {error}")


if __name__ == "__main__":
    entry.run(main)
