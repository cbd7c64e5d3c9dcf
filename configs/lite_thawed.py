"""Lite, second part: what lite learnt with a frozen encoder goes on with a thawed one.

Run:   python experiments/train.py --config=configs/lite_thawed.py --workdir=runs/lite_thawed --config.data.path=TARS
"""

from cic_jax.configs import lite


def get_config():
    """Return the recipe for an hour on two cores, after a run of lite in runs/lite."""
    config = lite.get_config()
    config.train.init_from = "runs/lite"
    config.train.epochs = 3.75
    config.train.evaluate_every = 3.75
    config.train.learning_rate = 5e-4
    config.train.weight_decay = 0.05
    config.train.encoder_rate = 0.2
    # The encoder could learn the few photographs by heart: they are varied, and parts of it left out.
    config.train.dropout = 0.1
    config.train.crop_scale = 0.75
    config.train.film = 0.15
    config.train.recolored = 0.3
    config.train.palettes = 0.05
    return config
