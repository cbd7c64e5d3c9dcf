"""Release: what is trained to be released.

The study's *Simplified* for people's photographs: vehicles and outdoor scenes, and beside the study
a higher rate with cosine decay (3.16e-5 is meant for many more steps), decoupled weight decay,
initial scales from data, an averaged model, and colours rebalanced half as much: with CIC's lambda
of 1/2 two_cores painted more colourful than the truth, and red where there is none. This is the
recipe of a CPU, at a quarter of the width.

Run:   python experiments/train.py --config=configs/release.py --workdir=runs/release --config.data.path=TARS
       [--config.model.width=0.25 --config.train.epochs=8]
"""

from configs import two_cores


def get_config():
    """What two_cores does where nothing else is said."""
    config = two_cores.get_config()
    config.prior.mix = 0.75
    config.train.epochs = 8.0
    config.train.evaluate_every = 4.0
    config.train.init = "data"
    config.train.output_bias = "prior"
    config.train.average = 0.99
    return config
