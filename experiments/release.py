"""Release a trained model: its parameters and statistics in bfloat16, and its card.

    python experiments/release.py --workdir=runs/release --name=simplified_final \
        --data_card=checkpoints/cards/vehicles_and_outdoors.md \
        --limits=checkpoints/cards/simplified_final_limits.md

Takes the run's best checkpoint, scores the weights as released on its test split, and replaces
checkpoints/<name>, where `Colorizer.restore('<name>')` and `cic-jax colorize` find it. The
old release stays until the new one is complete. --config.data.path=TARS says where the photographs
are, if they have moved since the training, and other keys of --config.data how they are cut for the
scores. --config.colour.* sets the release's own read-out, as chosen on the validation split.
"""

from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags
    from ml_collections import config_flags

    from cic_jax import checkpoint, entry
    from cic_jax.configs import default
    from cic_jax.report import card, release
    from cic_jax.train import evaluate

CONFIG = entry.define_config(default.get_config())
WORKDIR = flags.DEFINE_string("workdir", None, "The training run.", required=True)
NAME = flags.DEFINE_string("name", None, "Name of the release.", required=True)
DATA_CARD = flags.DEFINE_string(
    "data_card", None, "Markdown: the sources of the photographs and their terms.", required=True
)
LIMITS = flags.DEFINE_string("limits", None, "Markdown: what the model does badly.", required=True)
COMPARISON = flags.DEFINE_string(
    "comparison", None, "Markdown: the table of experiments/matched.py, for the card."
)
FACTORY = flags.DEFINE_multi_string("factory", [], "module:function that built the model.")
OUT = flags.DEFINE_string("out", str(checkpoint.RELEASED), "The folder of all releases.")


def main() -> None:
    """Score and write the release; print its scores and its path."""
    comparison = Path(COMPARISON.value) if COMPARISON.value else None
    texts = card.read_texts(Path(DATA_CARD.value), Path(LIMITS.value), comparison)
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    of_training = [key for key in overrides if not key.startswith(("data.", "colour."))]
    if of_training:
        raise release.ReleaseError(
            f"--config.{of_training[0]} is of the training, which is over: expected keys of "
            "--config.data and --config.colour alone"
        )
    colour = {key: value for key, value in overrides.items() if key.startswith("colour.")}
    trained = release.best(Path(WORKDIR.value), FACTORY.value, colour)
    config = default.completed(trained.model.description["config"])
    config.update_from_flattened_dict(overrides)
    evaluation = release.release(
        trained, config, texts, Path(OUT.value), NAME.value, factories=FACTORY.value
    )
    print(evaluate.format_evaluation(evaluation))
    print(Path(OUT.value) / NAME.value)


if __name__ == "__main__":
    entry.run(main)
