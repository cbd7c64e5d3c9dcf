"""Release: what is trained to be released, by what experiments/ablate.py finds worth having.

The study's *Simplified* for people's photographs: vehicles and outdoor scenes, and beside the study
a higher rate with cosine decay (3.16e-5 is meant for many more steps), decoupled weight decay,
initial scales from data and an averaged model. This is the recipe of a CPU, at a quarter of the
width. Not run yet, nor its ablation: what it does beyond two_cores is a guess until then.

Run:   python experiments/train.py --config=configs/release.py --workdir=runs/release --config.data.path=TARS
       [--config.model.width=0.25 --config.train.epochs=8]
"""

from configs import two_cores


def get_config():
    """What two_cores does where nothing else is said."""
    config = two_cores.get_config()
    config.train.epochs = 8.0
    config.train.init = "data"
    config.train.output_bias = "prior"
    config.train.average = 0.99
    return config
