"""Eight GPUs: the simplified network, 32 crops on each card in bfloat16, at a rate for that batch.

The rate grows with the root of the batch, as suits Adam (Malladi et al., "On the SDEs and Scaling
Rules for Adaptive Gradient Algorithms", 2022): 3.16e-5 * (256 / 32)^(1/2), after a warm-up.
Run:   python experiments/train.py --config=configs/eight_gpus.py --workdir=runs/eight_gpus \\
           --config.data.source=imagenet_vehicles --config.data.path=TARS
Not run yet: no machine with eight cards was at hand. One process trains on all cards that it sees;
with fewer, set train.batch_size to 32 times their number.
"""

from cic_jax.configs import default


def get_config():
    """Return the default config with the changes of this experiment."""
    config = default.get_config()
    config.model.network = "simplified"
    config.model.dtype = "bfloat16"
    config.train.batch_size = 256
    config.train.learning_rate = 8.9e-5
    config.train.schedule = "cosine"
    config.train.warmup_steps = 100
    return config
