"""Ablation of a recipe: its variants, one change at a time, and the table of their effects."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Num
from ml_collections import ConfigDict

from cic_jax import bins, prior
from cic_jax.report.markdown import Rows, written
from cic_jax.report.names import label
from cic_jax.study.published import WRITTEN
from cic_jax.train.bootstrap import Interval, draws, interval, percentiles

BASE = "base"
MATCHED = "rmse_ab_matched"  # column with the error where the mean colourfulness is the truth's
METRICS = ("loss", "rmse_ab", MATCHED, "psnr", "colorfulness", "auc_rebalanced")
DISTANCE = "colour_distance"
HISTOGRAM = "histogram"  # column with the distribution of the predicted colours over the bins
TRUE_HISTOGRAM = "histogram_truth"  # the same of the true colours

LITE: dict[str, dict[str, Any]] = {  # variants of the network `lite` alone
    "random_encoder": {"train.encoder": "random", "train.encoder_rate": 1.0},
    "thawed_encoder": {"train.encoder_rate": 0.1},
    "dropout_0.2": {"train.dropout": 0.2},
    "old_film": {"train.film": 0.25},
    "no_hints": {"train.hints": 0.0, "train.palettes": 0.0, "train.recolored": 0.0},
}

Table = Mapping[str, np.ndarray]  # metric -> 'n', histogram -> 'n q'


def variants(base: ConfigDict) -> dict[str, dict[str, Any]]:
    """List the variants by name, each with the options that it changes.

    Options that the base has already are no variant and are left out, and so are those of a network
    that is not the base's.
    """
    rate, decoupled = base.train.learning_rate, base.train.decoupled
    changes: dict[str, dict[str, Any]] = {
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
    if base.model.network == "lite":
        changes |= LITE
    if base.train.encoder == "imagenet":
        del changes["data_init"]  # what is pretrained has its scales
    return {BASE: {}} | {
        name: options
        for name, options in changes.items()
        if any(value != _value(base, key) for key, value in options.items())
        and not (name == "decay_decoupled" and decoupled)
        and not (name == "decay_as_l2" and not decoupled)
    }


def _value(config: ConfigDict, key: str) -> Any:
    section, name = key.split(".")
    return config[section][name]


@jax.jit
def histogram(ab: Float[Array, "b h w 2"], mask: Bool[Array, "b h w"]) -> Float[Array, "b q"]:
    """Compute the share of each photograph's real pixels that is nearest to each published bin."""
    nearest, ones = bins.encode(ab, neighbors=1)
    counts = jax.vmap(lambda *encoded: prior.count(encoded, len(bins.CENTERS)))
    pixels = counts(nearest, ones * mask[..., None])
    return pixels / pixels.sum(axis=-1, keepdims=True)


def hellinger(p: Float[np.ndarray, "r q"], q: Float[np.ndarray, "r q"]) -> Num[np.ndarray, " r"]:
    """Compute the Hellinger distance of distributions: 0 where equal, 1 where disjoint."""
    return np.sqrt(np.maximum(0.0, 1.0 - np.sum(np.sqrt(p * q), axis=-1)))


def colour_distance(table: Table) -> tuple[float, Num[np.ndarray, " resamples"]]:
    """Compute the distance of all predicted colours together from all true ones, and resample it.

    Unlike errors against one truth, this does not depend on which photograph has which colour: it
    is 0 for a model whose colours are as frequent as in the world, and large where all is brown.
    """
    ours, truth = table[HISTOGRAM], table[TRUE_HISTOGRAM]
    _, photographs = draws(1, len(ours), 0)
    mean = hellinger(ours.mean(axis=0, keepdims=True), truth.mean(axis=0, keepdims=True))
    return float(mean[0]), hellinger(photographs @ ours, photographs @ truth)


def intervals(table: Table) -> dict[str, Interval]:
    """Compute each metric's mean and interval over photographs."""
    means = {metric: interval(table[metric][None]) for metric in METRICS}
    return means | {DISTANCE: percentiles(*colour_distance(table))}


def differences(table: Table, base: Table) -> dict[str, Interval]:
    """Compute the differences from the base, paired by photograph and by resample."""
    means = {metric: interval((table[metric] - base[metric])[None]) for metric in METRICS}
    (ours, resampled), (theirs, others) = colour_distance(table), colour_distance(base)
    return means | {DISTANCE: percentiles(ours - theirs, resampled - others)}


def rows(results: Mapping[str, Any]) -> Rows:
    """Tabulate the base's metrics and, below them, each variant's differences.

    Earlier versions wrote fewer metrics.
    """
    figures = results["variants"][BASE]["figures"]
    shown = [metric for metric in (*METRICS, DISTANCE) if metric in figures]
    lines = []
    for name, run in results["variants"].items():
        metrics = run["figures" if name == BASE else "against_base"]
        change = ", ".join(
            f"{key} = {value:g}" if isinstance(value, float) else f"{key} = {value}"
            for key, value in run["options"].items()
        )
        cells = {WRITTEN[m].title: _cell(m, metrics[m], name != BASE) for m in shown}
        lines.append({"Variant": label(name), "Sets": change, **cells})
    return lines


def _cell(metric: str, x: Interval, difference: bool) -> str:
    """Write an interval, in bold where it is a difference whose interval excludes 0."""
    text = written(WRITTEN[metric], x)
    return f"**{text}**" if difference and x["low"] * x["high"] > 0 else text


def departures(base: Mapping[str, Any], recipe: ConfigDict) -> str:
    """List the options in which the trained base departs from the recipe; "" where there are none.

    The length of the training is no departure.
    """
    options = [
        f"{section}.{key} = {value}"
        for section in ("model", "target", "prior", "train")
        for key, value in base[section].items()
        if value != recipe[section].get(key) and key not in ("epochs", "evaluate_every")
    ]
    return f" with {', '.join(options)}" if options else ""


def text(results: Mapping[str, Any]) -> str:
    """Say in a few sentences what was done."""
    plan = results["plan"]
    return (
        f"Each run trains {plan['steps']} steps of {plan['batch_size']} photographs "
        f"({plan['epochs']:.3g} epochs of {plan['train']}), with one change from the base, and is "
        f"scored on the same {plan['validation']} validation photographs at T = "
        f"{results['temperature']:g}, under the base's loss. The base's row has means, the others "
        "have differences from it, paired by photograph, with 95 % bootstrap intervals, in bold "
        "where they exclude 0. With one seed, the intervals do not show how much another seed "
        "would change."
    )
