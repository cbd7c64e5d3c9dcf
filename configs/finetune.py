"""Fine-tuning: some dozens of one's own photographs or more, starting from a checkpoint.

Run:   python experiments/train.py --config=configs/finetune.py --workdir=runs/mine --config.data.path=PHOTOS

It starts from the released model everyday, or from another checkpoint, whose network, target, prior
and read-out it takes, by `--config=configs/finetune.py:simplified_final` or `:runs/simplified`. The
rate is low and the steps are few: with 60 photographs 120, some minutes on two cores. The
validation photographs are scored before the first step, too, and the best step is kept: where
nothing improves that is the checkpoint itself, and the last line says so.
"""

from cic_jax.configs import default

KEPT = ("model", "target", "colour")  # of the checkpoint's config
KEPT_DATA = ("size", "short_side")
KEPT_TRAIN = ("crop", "hints", "palettes", "recolored", "encoder_rate", "film", "b1", "b2")


def get_config(start="everyday"):
    """Return the config that continues a checkpoint: a released name, a run or an export."""
    from cic_jax import checkpoint

    before = default.completed(checkpoint.description_of(start)["config"] or {})
    config = default.get_config()
    for section in KEPT:
        config[section] = before[section]
    config.data.update({key: before.data[key] for key in KEPT_DATA})
    config.train.update({key: before.train[key] for key in KEPT_TRAIN})
    config.data.source = "folder"
    config.model.dtype = "float32"  # as quick on a CPU, and for few steps quick enough on a GPU
    config.prior.mix = before.prior.mix
    config.prior.source = "checkpoint"  # a few photographs do not tell how frequent colours are
    config.train.init_from = start
    config.train.batch_size = 8
    config.train.epochs = 20.0
    config.train.evaluate_every = 5.0
    config.train.learning_rate = 1e-4
    config.train.schedule = "cosine"
    config.train.warmup_steps = 5
    config.train.weight_decay = 0.01
    config.train.decoupled = True
    config.train.average = 0.9
    return config
