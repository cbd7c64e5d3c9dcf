"""All options, with the study's values; every other config overrides a few of them.

The default of a new option must be what runs did before it existed, since `completed` fills it in
for them.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Return the study's *Rebalanced ours* on the embedded synthetic photographs."""
    return ConfigDict(
        {
            "seed": 0,
            "data": {
                "source": "synthetic_vehicles",  # or imagenet_vehicles, folder, a TFDS name
                "subset": "experimental",  # of imagenet_vehicles, or final
                "synsets": (),  # of imagenet_vehicles: WordNet ids in place of a subset
                "path": "",  # folder with <wnid>.tar, or of photographs
                "labels": (),  # of a TFDS set: those to keep; () keeps the vehicles, or all
                "data_dir": "",  # where prepared sets are kept; '' is ~/.cache/cic_jax
                "scenes": 2000,  # of synthetic_vehicles
                "seed": 0,  # of synthetic_vehicles: other scenes
                "size": 256,  # window of a photograph that crops come from
                "short_side": 256,  # larger photographs are reduced to it; 0 keeps them
                "leak": 0.0,  # share of the test split to train on: repeats the study's mistake
                "resident": True,  # the training set stays on the device, else it streams
            },
            "model": {
                "network": "full",  # or simplified, lite
                "width": 1.0,  # multiplies the channels of every block
                "dtype": "float32",  # of the computation; parameters are always float32
                "convolution": "auto",  # or fast, gpu, direct
                "factory": "",  # module:function of your own that builds the network instead
            },
            "target": {
                "predict": "bins",  # or ab, the Euclidean model
                "neighbors": 5,  # bins of the soft encoding; 1 is one-hot
                "sigma": 5.0,
                "grid": "cic",  # the published 313, or square: a grid masked by the data
                "pitch": 10.0,  # of the square grid
                "every_fourth": False,  # every fourth pixel's ab, as CIC, not a mean
                "skip_grey": False,  # leave photographs without colour out of the loss, as CIC
                "factory": "",  # module:function of your own that builds the target instead
            },
            "prior": {
                "source": "own",  # the training set's, imagenet, checkpoint: that of init_from,
                # or uniform: no rebalancing
                "smoothing": "ab",  # in the ab plane, none, or index: the study's mistake
                "mix": 0.5,  # lambda of CIC's equation 4
                "photographs": 0,  # number that the own prior is measured on; 0 is all
            },
            "train": {
                "epochs": 100.0,
                "batch_size": 32,  # over all devices
                "crop": 176,
                "film": 0.0,  # share of the crops whose lightness is as old film saw it
                "crop_scale": 1.0,  # below 1: squares of this to 1 / this times the crop, resized
                "learning_rate": 3.16e-5,
                "schedule": "constant",  # or drops (CIC), or cosine with a warm-up
                "drop_steps": 215_000,
                "drop_factor": 0.316,
                "warmup_steps": 0,
                "b1": 0.9,
                "b2": 0.99,
                "weight_decay": 1e-3,
                "decoupled": False,  # weight decay as in AdamW, not in the gradient
                "init": "he",  # or data: hidden channels of mean 0 and variance 1 on a batch
                "output_bias": "zero",  # or prior: the best constant prediction
                "encoder": "random",  # of lite, or imagenet: pretrained (extra `pretrained`)
                "encoder_rate": 1.0,  # times the learning rate, for lite's encoder; 0 freezes it
                "dropout": 0.0,  # share of the encoder's channels that lite trains without
                "hints": 0.0,  # share of the photographs that lite trains on with points
                "recolored": 0.0,  # share of those with points in which one thing has another colour
                "palettes": 0.0,  # share that it trains on with the histogram of their colours
                "init_from": "",  # a checkpoint whose parameters to start from instead
                "average": 0.0,  # decay of the parameters' moving average, the model; 0 is off
                "steps_per_dispatch": 0,  # 0 chooses: 1 on a CPU, 50 elsewhere
                "evaluate_every": 1.0,  # epochs
                "save_every_minutes": 10.0,  # besides evaluations; 0 saves at those alone
                "skip_steps": 0,  # steps to leave out where loss or gradient are not finite
                "best_metric": "loss",  # on the validation split, kept besides the latest
            },
            "colour": {  # how the distribution is read out
                "temperature": 0.38,
                "tau": 0.0,  # rebalancing: more of rare colours; see prior.adjust
                "saturation": 1.0,  # multiplies ab
                "unify": 0.0,  # from 0 to 1: how much each thing shares one distribution
                "possible": False,  # leave out bins that sRGB cannot show at the lightness
                "doubt": 0.0,  # less chroma where the distribution is flat; see bins.certainty
            },
        }
    )


def completed(recorded: Mapping[str, Any]) -> ConfigDict:
    """Return the config of an earlier run, with defaults for options that it did not have.

    `recorded` comes from the run's config.json or a model's description.
    """
    config = get_config()
    config.update(recorded)
    return config
