"""Evaluate a model on a split of photographs, compared with leaving them grey.

    python experiments/evaluate.py --workdir=runs/simplified --split=test

Prints a table with bootstrap 95 % intervals. Writes it to <split>.json, and one row per photograph
to <split>.csv, in --out or else in the workdir; for a released name, to <name>_<split>.json and
.csv in the working directory. --config.* changes values of the training, such as the photographs
(--config.data.path=...) or the temperature (--config.colour.temperature=0.2). A model built by
functions of your own needs them: --factory=module:function allows the import of one that the
checkpoint names.
"""

from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags
    from ml_collections import config_flags

    from cic_jax import checkpoint, entry, photos
    from cic_jax.configs import default
    from cic_jax.train import evaluate
    from cic_jax.train.config import check_evaluation

CONFIG = entry.define_config(default.get_config())
WORKDIR = flags.DEFINE_string(
    "workdir", None, "A run, an exported checkpoint or a released name.", required=True
)
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
STEP = flags.DEFINE_integer("step", None, "Step to load instead of the best, if still kept.")
OUT = flags.DEFINE_string("out", None, "The folder of the tables; see above.")
FACTORY = flags.DEFINE_multi_string("factory", [], "module:function that built the model.")


def place() -> tuple[Path, str]:
    """Return the folder of the tables, and their name without a suffix."""
    workdir = Path(WORKDIR.value)
    if OUT.value or workdir.is_dir():
        return Path(OUT.value or workdir), SPLIT.value
    return Path(), f"{workdir.name}_{SPLIT.value}"


def main() -> None:
    """Evaluate, print the table, write the files."""
    model = checkpoint.load(
        WORKDIR.value,
        step=STEP.value,
        factories=FACTORY.value,
        overrides=config_flags.get_override_values(flags.FLAGS["config"]),
    )
    config = default.completed(model.description["config"])
    check_evaluation(config)
    photographs = photos.open_splits(config.data)[SPLIT.value]
    evaluation = evaluate.evaluate(model, photographs, config)
    print(evaluate.format_evaluation(evaluation))
    evaluate.write(evaluation, *place())


if __name__ == "__main__":
    entry.run(main)
