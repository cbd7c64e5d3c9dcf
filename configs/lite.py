"""Lite: a pretrained encoder and a small decoder, for photographs of anything, with hints.

Unlike the study's networks it learns the true frequencies of colours, without rebalancing; the
read-out rebalances. Its encoder stays frozen.

Run:   python experiments/train.py --config=configs/lite.py --workdir=runs/lite --config.data.path=TARS
"""

from cic_jax.configs import default, two_cores

EVERYTHING = (
    *two_cores.VEHICLES_AND_OUTDOORS,
    "n00001740",  # everything else
    "n00007846",  # people
)


def get_config():
    """Return the recipe for two cores."""
    config = default.get_config()
    config.data.source = "imagenet_vehicles"
    config.data.synsets = EVERYTHING
    config.data.size = 224
    config.data.short_side = 224
    config.model.network = "lite"
    config.prior.mix = 1.0
    config.train.batch_size = 16
    config.train.crop = 160
    config.train.epochs = 12.0
    config.train.evaluate_every = 4.0
    config.train.learning_rate = 1e-3
    config.train.schedule = "cosine"
    config.train.warmup_steps = 200
    config.train.weight_decay = 0.02
    config.train.decoupled = True
    config.train.output_bias = "prior"
    config.train.average = 0.999
    config.train.encoder = "imagenet"
    config.train.encoder_rate = 0.0
    config.train.hints = 0.5
    config.train.palettes = 0.1
    return config
