"""Fine-tuning: one's own folder of photographs, starting from a checkpoint, at a lower rate.

Run:   python experiments/train.py --config=configs/finetune.py --workdir=runs/mine \\
           --config.data.path=PHOTOS --config.train.init_from=runs/simplified

`model` and `target` must be those of the checkpoint; another shape is refused by name.
"""

from cic_jax.configs import default


def get_config():
    """Return the default config with the changes of this experiment."""
    config = default.get_config()
    config.data.source = "folder"
    config.model.network = "simplified"
    config.train.epochs = 20.0
    config.train.learning_rate = 1e-5
    config.train.schedule = "cosine"
    config.train.warmup_steps = 20
    return config
