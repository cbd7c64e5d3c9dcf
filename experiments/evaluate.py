"""Evaluate a model on a split of photographs, beside leaving them grey.

    python experiments/evaluate.py --workdir=runs/simplified --split=test

Prints a table with bootstrap 95 % intervals and writes it beside the checkpoint, as JSON, and as
CSV with one row a photograph. --config.* changes what it was trained with: other photographs
(--config.data.path=...), another temperature (--config.colour.temperature=0.2).
"""

from pathlib import Path

from absl import flags
from ml_collections import ConfigDict, config_flags

from cic_jax import checkpoint, entry, photos
from cic_jax.configs import default
from cic_jax.train import build, evaluate

CONFIG = config_flags.DEFINE_config_dict("config", default.get_config())
WORKDIR = flags.DEFINE_string(
    "workdir", None, "A run, an exported checkpoint or a released name.", required=True
)
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "Which photographs.")
STEP = flags.DEFINE_integer("step", None, "A step of the run that is still kept, not its best.")
OUT = flags.DEFINE_string("out", None, "Where the tables go; the workdir unless given.")


def trained_config(description: dict) -> ConfigDict:
    """The config a model was trained with, and on top what the command line sets."""
    config = default.get_config()
    config.update(description["config"])
    for key, value in config_flags.get_override_values(flags.FLAGS["config"]).items():
        config.update_from_flattened_dict({key: value})
    return config


def main() -> None:
    """Evaluate, print the table, write the files."""
    model = checkpoint.load(WORKDIR.value, step=STEP.value)
    config = trained_config(model.description)
    build.check(config)
    photographs = photos.open_splits(config.data)[SPLIT.value]
    evaluation = evaluate.evaluate(model, photographs, config)
    print(evaluate.format_evaluation(evaluation))
    evaluate.write(evaluation, Path(OUT.value or WORKDIR.value), SPLIT.value)


if __name__ == "__main__":
    entry.run(main)
