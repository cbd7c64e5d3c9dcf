"""Demo: a narrow network and a few dozen steps on drawn scenes, to see everything work.

Run:   make demo
"""

from cic_jax.configs import default


def get_config():
    """Return a config for few steps, with some values of configs/two_cores.py."""
    config = default.get_config()
    config.data.scenes = 400
    config.model.network = "simplified"
    config.model.width = 0.125
    config.prior.mix = 0.85
    config.train.batch_size = 16
    config.train.crop = 128
    config.train.epochs = 6.0
    config.train.evaluate_every = 2.0
    config.train.learning_rate = 2e-3
    config.train.schedule = "cosine"
    config.train.warmup_steps = 10
    config.train.weight_decay = 1e-4
    config.train.decoupled = True
    config.train.init = "data"
    config.train.output_bias = "prior"
    return config
