"""Release: what is trained to be released, by what experiments/ablate.py finds worth having.

The study's *Simplified* for people's photographs: vehicles and outdoor scenes, and beside the study
a higher rate with cosine decay (3.16e-5 is meant for many more steps), decoupled weight decay,
initial scales from data and an averaged model. This is the recipe of a CPU: a quarter of the width,
for about an hour on two cores; README.md has its result, experiments/RESULTS.md the ablation's.

Run:   python experiments/train.py --config=configs/release.py --workdir=runs/release --config.data.path=TARS
       [--config.model.width=0.25 --config.train.epochs=8]
"""

from configs import default, two_cores


def get_config():
    """The study's values where nothing else is said."""
    config = default.get_config()
    config.data.source = "imagenet_vehicles"
    config.data.synsets = two_cores.VEHICLES_AND_OUTDOORS
    config.model.network = "simplified"
    config.model.width = 0.25
    config.train.batch_size = 16
    config.train.epochs = 8.0
    config.train.evaluate_every = 2.0
    config.train.learning_rate = 1e-3
    config.train.schedule = "cosine"
    config.train.warmup_steps = 100
    config.train.weight_decay = 1e-2
    config.train.decoupled = True
    config.train.init = "data"
    config.train.output_bias = "prior"
    config.train.average = 0.99
    return config
