"""Release a trained model: its parameters and statistics in bfloat16, and its card.

    python experiments/release.py --workdir=runs/release --name=simplified_final \
        --data_card=checkpoints/cards/vehicles_and_outdoors.md \
        --limits=checkpoints/cards/simplified_final_limits.md

Takes the run's best checkpoint, scores the weights as released on its test split, and replaces
checkpoints/<name>, where `Colorizer.restore('<name>')` and `cic-jax colorize` find it. The
old release stays until the new one is complete. --config.data.path=TARS says where the photographs
are, if they have moved since the training.
"""

from pathlib import Path

from absl import flags
from ml_collections import ConfigDict

from cic_jax import checkpoint, entry
from cic_jax.configs import default
from cic_jax.report import card, release
from cic_jax.train import evaluate

CONFIG = entry.define_config(ConfigDict({"data": {"path": "", "data_dir": ""}}))
WORKDIR = flags.DEFINE_string("workdir", None, "The training run.", required=True)
NAME = flags.DEFINE_string("name", None, "Name of the release.", required=True)
DATA_CARD = flags.DEFINE_string(
    "data_card", None, "Markdown: the sources of the photographs and their terms.", required=True
)
LIMITS = flags.DEFINE_string("limits", None, "Markdown: what the model does badly.", required=True)
FACTORY = flags.DEFINE_multi_string("factory", [], "module:function that built the model.")
OUT = flags.DEFINE_string("out", str(checkpoint.RELEASED), "The folder of all releases.")


def main() -> None:
    """Score and write the release; print its scores and its path."""
    texts = card.read_texts(Path(DATA_CARD.value), Path(LIMITS.value))
    trained = release.best(Path(WORKDIR.value), FACTORY.value)
    config = default.completed(trained.model.description["config"])
    config.data.update({key: place for key, place in CONFIG.value.data.items() if place})
    evaluation = release.release(
        trained, config, texts, Path(OUT.value), NAME.value, factories=FACTORY.value
    )
    print(evaluate.format_evaluation(evaluation))
    print(Path(OUT.value) / NAME.value)


if __name__ == "__main__":
    entry.run(main)
