"""Lite on a GPU: 15 to 20 minutes on one H100, the encoder thawed at a tenth of the rate.

Run:   python experiments/train.py --config=configs/lite_gpu.py --workdir=runs/lite_gpu --config.data.path=TARS
"""

from cic_jax.configs import lite


def get_config():
    """Return the recipe of lite with more of everything that two cores cannot afford."""
    config = lite.get_config()
    config.data.size = 256
    config.data.short_side = 256
    config.model.dtype = "bfloat16"
    config.train.batch_size = 128
    config.train.crop = 224
    config.train.crop_scale = 0.75
    config.train.epochs = 100.0
    config.train.evaluate_every = 25.0
    config.train.learning_rate = 2e-3
    config.train.warmup_steps = 500
    config.train.weight_decay = 0.05
    config.train.encoder_rate = 0.1
    config.train.dropout = 0.2
    config.train.steps_per_dispatch = 25
    config.train.save_every_minutes = 2.0
    return config
