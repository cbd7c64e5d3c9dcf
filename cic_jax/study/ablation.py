"""What each choice of a recipe is worth: its variants, one change at a time, and their table.

Everything here is pure: experiments/ablate.py trains and scores.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Num
from ml_collections import ConfigDict

from cic_jax import bins, prior
from cic_jax.report.style import label
from cic_jax.study.published import WRITTEN
from cic_jax.study.report import Rows, written
from cic_jax.train.bootstrap import Interval, draws, interval, summary

BASE = "base"
METRICS = ("loss", "rmse_ab", "psnr", "colorfulness", "auc_rebalanced")
DISTANCE = "colour_distance"
HISTOGRAM = "histogram"  # of a colouring's pixels over the bins
TRUE_HISTOGRAM = "histogram_truth"


Table = Mapping[str, np.ndarray]  # metric -> 'n', histogram -> 'n q'


def variants(base: ConfigDict) -> dict[str, dict[str, Any]]:
    """Name -> what it sets otherwise than the base; a choice on that is none is left out."""
    rate, decoupled = base.train.learning_rate, base.train.decoupled
    every: dict[str, dict[str, Any]] = {
        "rate_times_3": {"train.learning_rate": 3 * rate},
        "rate_by_3": {"train.learning_rate": rate / 3},
        "no_average": {"train.average": 0.0},
        "average_0.999": {"train.average": 0.999},
        "he_init": {"train.init": "he"},
        "data_init": {"train.init": "data"},
        "zero_output_bias": {"train.output_bias": "zero"},
        "prior_output_bias": {"train.output_bias": "prior"},
        "skip_grey": {"target.skip_grey": True},
        "neighbors_10": {"target.neighbors": 10},
        "crop_scale_0.7": {"train.crop_scale": 0.7},
        "crop_128": {"train.crop": 128},
        "mix_0.5": {"prior.mix": 0.5},
        "mix_0.75": {"prior.mix": 0.75},
        "bfloat16": {"model.dtype": "bfloat16"},
        "decay_as_l2": {"train.decoupled": False, "train.weight_decay": 1e-3},
        "decay_decoupled": {"train.decoupled": True, "train.weight_decay": 1e-2},
    }
    return {BASE: {}} | {
        name: options
        for name, options in every.items()
        if any(value != _value(base, key) for key, value in options.items())
        and not (name == "decay_decoupled" and decoupled)
        and not (name == "decay_as_l2" and not decoupled)
    }


def _value(config: ConfigDict, key: str) -> Any:
    section, name = key.split(".")
    return config[section][name]


@jax.jit
def histogram(ab: Float[Array, "b h w 2"], mask: Bool[Array, "b h w"]) -> Float[Array, "b q"]:
    """The share of each photograph's real pixels that is nearest to each of the published bins."""
    nearest, ones = bins.encode(ab, neighbors=1)
    counts = jax.vmap(lambda *encoded: prior.count(encoded, len(bins.CENTERS)))
    found = counts(nearest, ones * mask[..., None])
    return found / found.sum(axis=-1, keepdims=True)


def hellinger(p: Float[np.ndarray, "r q"], q: Float[np.ndarray, "r q"]) -> Num[np.ndarray, " r"]:
    """How far two distributions are from each other: 0 where alike, 1 where nothing is common."""
    return np.sqrt(np.maximum(0.0, 1.0 - np.sum(np.sqrt(p * q), axis=-1)))


def colour_distance(table: Table) -> tuple[float, Num[np.ndarray, " resamples"]]:
    """Of all photographs' predicted colours together from all true ones, and resampled.

    Unlike errors against one truth, this does not ask which photograph has which colour: it is 0
    for a model that paints as the world is painted, and large where all is brown.
    """
    ours, truth = table[HISTOGRAM], table[TRUE_HISTOGRAM]
    _, photographs = draws(1, len(ours), 0)
    mean = hellinger(ours.mean(axis=0, keepdims=True), truth.mean(axis=0, keepdims=True))
    return float(mean[0]), hellinger(photographs @ ours, photographs @ truth)


def figures(table: Table) -> dict[str, Interval]:
    """Each metric's mean and interval over photographs."""
    found = {metric: interval(table[metric][None]) for metric in METRICS}
    return found | {DISTANCE: summary(*colour_distance(table))}


def differences(table: Table, base: Table) -> dict[str, Interval]:
    """From the base, paired: photograph by photograph, and by the same resampled photographs."""
    found = {metric: interval((table[metric] - base[metric])[None]) for metric in METRICS}
    (ours, resampled), (theirs, others) = colour_distance(table), colour_distance(base)
    return found | {DISTANCE: summary(ours - theirs, resampled - others)}


def rows(results: Mapping[str, Any]) -> Rows:
    """The base's figures, and below them by how much each variant differs."""
    table = []
    for name, run in results["variants"].items():
        found = run["figures" if name == BASE else "against_base"]
        change = ", ".join(
            f"{key} = {value:g}" if isinstance(value, float) else f"{key} = {value}"
            for key, value in run["options"].items()
        )
        cells = {WRITTEN[m].title: _cell(m, found[m], name != BASE) for m in (*METRICS, DISTANCE)}
        table.append({"Variant": label(name), "Sets": change, **cells})
    return table


def _cell(metric: str, found: Interval, difference: bool) -> str:
    """Bold where a difference's interval does not hold 0."""
    text = written(metric, found)
    return f"**{text}**" if difference and found["low"] * found["high"] > 0 else text


def departures(base: Mapping[str, Any], recipe: ConfigDict) -> str:
    """Where the base that was trained is not the recipe, in a few words; nothing where it is."""
    found = [
        f"{section}.{key} = {value}"
        for section in ("model", "target", "prior", "train")
        for key, value in base[section].items()
        if value != recipe[section].get(key) and key not in ("epochs", "evaluate_every")
    ]
    return f" with {', '.join(found)}" if found else ""


def text(results: Mapping[str, Any]) -> str:
    """What was done, in a few sentences."""
    plan = results["plan"]
    return (
        f"Each run trains {plan['steps']} steps of {plan['batch_size']} photographs "
        f"({plan['epochs']:.3g} epochs of {plan['train']}), with one change from the base, and is "
        f"scored on the same {plan['validation']} validation photographs at T = "
        f"{results['temperature']:g}, under the base's loss. The base's row has means, the others "
        "have differences from it, paired by photograph, with 95 % bootstrap intervals; bold ones "
        "do not hold 0. One seed: a difference says nothing of how much another seed would change."
    )
