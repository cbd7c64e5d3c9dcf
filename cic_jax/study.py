"""The study as data: its models, figures and claims, and what plans, decides and tabulates.

Everything here is pure: experiments/reproduce.py trains and measures.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Num, UInt8

from cic_jax import lab, metrics
from cic_jax.evaluate import CONFIDENCE, RESAMPLES
from cic_jax.feed import STEPS_PER_DISPATCH
from cic_jax.figure_style import label
from cic_jax.figures import METRICS, Metric

PLAIN = ("euclidean", "unbalanced_one_hot", "unbalanced")
REBALANCED = ("rebalanced", "rebalanced_smoothed", "rebalanced_ours")
GROUPS: dict[tuple[str, ...], str] = {
    PLAIN: "Euclidean and unbalanced",
    REBALANCED: "the rebalanced",
}
MODELS = (*PLAIN, *REBALANCED, "simplified", "rebalanced_ours_final", "simplified_final")
STARTS_FROM = {"simplified_final": "simplified"}
# Mistakes of the study's code that one option repeats: variant -> the model and the option.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "rebalanced_smoothed_index": ("rebalanced_smoothed", {"prior.smoothing": "index"}),
    "rebalanced_ours_10_photographs": ("rebalanced_ours", {"prior.photographs": 10}),
}
# Read off the study's bar charts. Its SSIM was computed with a data range of 2.
PUBLISHED = {
    name: dict(zip(("rmse_ab", "rmse", "psnr", "ssim_range_2"), row, strict=True))
    for name, row in {
        "euclidean": (13.6, 0.083, 22.6, 0.92),
        "unbalanced_one_hot": (13.5, 0.082, 23.1, 0.93),
        "unbalanced": (13.3, 0.081, 23.3, 0.93),
        "rebalanced": (18.6, 0.109, 19.8, 0.89),
        "rebalanced_smoothed": (20.9, 0.121, 19.4, 0.87),
        "rebalanced_ours": (17.8, 0.106, 20.0, 0.90),
        "simplified": (16.2, 0.096, 20.8, 0.91),
        "rebalanced_ours_final": (16.0, 0.093, 20.9, 0.91),
        "simplified_final": (11.2, 0.065, 24.4, 0.94),
    }.items()
}
WRITTEN = METRICS | {
    "ssim_range_2": Metric("SSIM, data range 2", "", "higher", 3),
    "colorfulness": Metric("Colourfulness", "", "", 1),
    "loss": Metric("Loss", "", "lower", 3),
    "log_density": Metric("Log density of paint", "", "higher", 2),
    "expected": Metric("Expected of true paint", "", "", 2),
    "plausible": Metric("Plausible objects", "", "higher", 2),
    "parameters": Metric("Parameters", "", "", 2),
    "images_per_second": Metric("Training images/s", "", "", 2),
}
EVALUATIONS = 10  # of a model during training, about

Interval = dict[str, float]  # "mean", "low", "high"
Values = Num[np.ndarray, "seeds n"]
Scores = Mapping[str, Mapping[str, np.ndarray]]  # model -> metric -> Values
Rows = list[dict[str, str]]


class Cost(NamedTuple):
    """Seconds that a network takes on a machine."""

    start: float  # opening the photographs and compiling
    step: float
    evaluation: float  # of the validation split, once compiled
    scoring: float  # of the test split, compiling included


class Job(NamedTuple):
    """A run to plan: its epochs in the study, and what they cost here."""

    epochs: float
    steps_per_epoch: int
    cost: Cost


def common_factor(seconds: float, jobs: Sequence[Job]) -> float:
    """What to multiply all epochs with so that the jobs take `seconds`; 1 where they take less.

    Raises ValueError where the time does not even suffice for what is not training.
    """
    fixed = sum(j.cost.start + EVALUATIONS * j.cost.evaluation + j.cost.scoring for j in jobs)
    if fixed >= seconds:
        raise ValueError(
            f"{max(0.0, seconds) / 60:.1f} minutes are left for {len(jobs)} runs, whose start and "
            f"evaluation alone take about {fixed / 60:.1f}: allow more, or train fewer models"
        )
    training = sum(j.epochs * j.steps_per_epoch * j.cost.step for j in jobs)
    return min(1.0, (seconds - fixed) / training)


def schedule(epochs: float, steps_per_epoch: int) -> dict[str, float]:
    """`epochs` and `evaluate_every` of a run, in equal dispatches: one program to compile."""
    steps = epochs * steps_per_epoch
    every = _rounded(steps / EVALUATIONS, STEPS_PER_DISPATCH)
    total = _rounded(steps, min(every, STEPS_PER_DISPATCH))
    return {"epochs": total / steps_per_epoch, "evaluate_every": every / steps_per_epoch}


def _rounded(steps: float, unit: int) -> int:
    return unit * round(steps / unit) if steps >= unit else max(1, round(steps))


def interval(values: Values, seed: int = 0) -> Interval:
    """Mean and bootstrap interval, resampling photographs and, where there are several, seeds.

    The two are resampled independently (Owen, "The pigeonhole bootstrap", 2007); few seeds say
    little about others, and their interval is too narrow. Of one seed it is that of
    `evaluate.intervals`.
    """
    rows, columns = _draws(*values.shape, seed)
    return _interval(float(np.mean(values)), np.sum((columns @ values.T) * rows, axis=1))


@functools.lru_cache(maxsize=4)
def _draws(seeds: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    photographs = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES) / count
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds, photographs


def ratio_of_medians(
    over: Num[np.ndarray, " n"], under: Num[np.ndarray, " m"], seed: int = 0
) -> Interval:
    """The ratio of two medians, as of speeds measured again and again, with its interval."""
    rng = np.random.default_rng(seed)
    medians = [
        np.median(x[rng.integers(len(x), size=(RESAMPLES, len(x)))], axis=1) for x in (over, under)
    ]
    return _interval(float(np.median(over) / np.median(under)), medians[0] / medians[1])


def _interval(mean: float, resampled: Float[np.ndarray, " r"]) -> Interval:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return {"mean": mean, "low": float(low), "high": float(high)}


@jax.jit
def ssim_range_2(
    rgb: UInt8[Array, "b h w 3"], mask: Bool[Array, "b h w"], ab: Float[Array, "b h w 2"]
) -> Float[Array, " b"]:
    """SSIM of photographs coloured with `ab`, with the study's data range of 2: too high.

    Only SSIM's constants know of the range, so halving the values is the same as doubling it.
    """
    rgb = rgb.astype(jnp.float32) / 255
    lightness = lab.rgb_to_lab(rgb)[..., :1]
    coloured = lab.lab_to_rgb(jnp.concatenate([lightness, ab], axis=-1))
    return metrics.ssim(rgb / 2, coloured / 2, mask)


class Comparison(NamedTuple):
    """`left` (the mean of these models) has more of a metric than `right`, or less.

    With a `margin` it may miss that by this share of `right`'s mean, and still is as good.
    """

    metric: str
    left: tuple[str, ...]
    more: bool
    right: tuple[str, ...]
    margin: float = 0.0


class Claim(NamedTuple):
    """What the study saw, and the comparisons that must all hold; tested where `given` does."""

    saw: str
    comparisons: tuple[Comparison, ...]
    given: tuple[Comparison, ...] = ()


def better(
    left: tuple[str, ...], right: tuple[str, ...], *names: str, margin: float = 0.0
) -> tuple[Comparison, ...]:
    """`left` is nearer to the truth by each metric (the study's four where none is named)."""
    return tuple(
        Comparison(name, left, WRITTEN[name].better == "higher", right, margin)
        for name in names or METRICS
    )


SMOOTHING = "Smoothing ImageNet's prior once more made it worse (RMSE ab 20.9 after 18.6)"
OWN_PRIOR = "The vehicles' own prior helps (RMSE ab 17.8 against 18.6)"
CLAIMS = (
    Claim(
        "Euclidean and unbalanced models win the error metrics (RMSE ab 13.3 to 13.6 against "
        "17.8 to 20.9)",
        better(PLAIN, REBALANCED),
    ),
    Claim(
        "Euclidean and unbalanced models look grey",
        tuple(
            Comparison("colorfulness", PLAIN, False, others) for others in (("truth",), REBALANCED)
        ),
    ),
    Claim(
        "Soft encoding beats one-hot (RMSE ab 13.3 against 13.5, PSNR 23.3 against 23.1)",
        better(("unbalanced",), ("unbalanced_one_hot",), "rmse_ab", "rmse", "psnr"),
    ),
    Claim(
        "Rebalancing gives colour at the price of error (RMSE ab from 13.3 to 17.8 or more)",
        (
            Comparison("colorfulness", REBALANCED, True, ("unbalanced",)),
            *better(("unbalanced",), REBALANCED, "rmse_ab", "psnr"),
        ),
    ),
    Claim(SMOOTHING, better(("rebalanced",), ("rebalanced_smoothed",))),
    Claim(
        f"{SMOOTHING}; here along the list of bins, as its code did",
        better(("rebalanced",), ("rebalanced_smoothed_index",)),
    ),
    Claim(OWN_PRIOR, better(("rebalanced_ours",), ("rebalanced",))),
    Claim(
        f"{OWN_PRIOR}; here that of ten photographs, as in its code",
        better(("rebalanced_ours_10_photographs",), ("rebalanced",)),
    ),
    Claim(
        "The simplified network is as good as the full one (here: at most 2 % worse)",
        better(("simplified",), ("rebalanced_ours",), margin=0.02),
    ),
)
# Ratios of two models: what the study saw, the models, and from where on it holds.
RATIOS = {
    "parameters": (
        "The simplified network has half the parameters",
        ("rebalanced_ours", "simplified"),
        2.0,
    ),
    "images_per_second": (
        "The simplified network is nearly twice as fast (here: in training, 1.75 times or more)",
        ("simplified", "rebalanced_ours"),
        1.75,
    ),
}


def overfitting(model: str) -> Claim:
    """Of a model's last step against the one of its least validation loss."""
    last, least = (f"{model}@last",), (model,)
    return Claim(
        "A model that overfits by the loss can still improve by the metrics and by eye; here "
        f"{label(model)} at its last step against its least validation loss",
        better(last, least, "rmse_ab", "psnr", "log_density"),
        given=(Comparison("loss", last, True, least),),
    )


def judge(claim: Claim, scores: Scores) -> dict[str, Any]:
    """The claim's verdict and the paired differences, photograph by photograph, that it rests on.

    'survives' where every interval lies on the claimed side, 'does not' where one lies on the
    other, else 'undecided'; 'not tested' where a model is missing or `given` does not hold. Metrics
    that the photographs do not have, such as a known paint, are passed over.
    """
    compared = (*claim.given, *claim.comparisons)
    if missing := {m for c in compared for m in c.left + c.right} - set(scores):
        return _judged(claim.saw, "not tested", [], f"without {_names(sorted(missing))}")
    given, found = (
        [_compare(c, scores) for c in each if all(c.metric in scores[m] for m in c.left + c.right)]
        for each in (claim.given, claim.comparisons)
    )
    if verdict(given) != "survives":
        return _judged(claim.saw, "not tested", given, "it did not overfit")
    return _judged(claim.saw, verdict(found), given + found)


def judge_ratio(
    metric: str, measured: Mapping[str, Num[np.ndarray, " n"]], seed: int = 0
) -> dict[str, Any]:
    """The verdict on one of `RATIOS`, from what was measured of each model, once or often."""
    saw, (left, right), least = RATIOS[metric]
    if missing := {left, right} - set(measured):
        return _judged(saw, "not tested", [], f"without {_names(sorted(missing))}")
    ratio = ratio_of_medians(measured[left], measured[right], seed)
    holds = True if ratio["low"] >= least else False if ratio["high"] < least else None
    row = {"metric": metric, "left": [left], "right": [right], "holds": holds, **ratio}
    return _judged(saw, verdict([row]), [row])


def verdict(compared: Sequence[Mapping[str, Any]]) -> str:
    """Of several comparisons, each of which 'holds', does not, or (None) is undecided."""
    if all(c["holds"] for c in compared):
        return "survives"
    return "does not" if any(c["holds"] is False for c in compared) else "undecided"


def _compare(comparison: Comparison, scores: Scores) -> dict[str, Any]:
    metric, left, more, right, margin = comparison
    ours, theirs = (np.mean([scores[m][metric] for m in each], axis=0) for each in (left, right))
    difference = interval(ours - theirs)
    ends = [difference[end] if more else -difference[end] for end in ("low", "high")]
    least = -margin * abs(float(np.mean(theirs)))
    holds = True if min(ends) > least else False if max(ends) < least else None
    return {"metric": metric, "left": left, "right": right, "holds": holds, **difference}


def _judged(saw: str, decided: str, compared: list[dict[str, Any]], why: str = "") -> dict:
    return {"saw": saw, "verdict": decided, "why": why, "compared": compared}


def _names(models: Sequence[str]) -> str:
    if (group := GROUPS.get(tuple(models))) is not None:
        return group
    return ", ".join(label(model).replace("@", ", ") for model in models)


def lead(results: Mapping[str, Any]) -> str:
    """What was done, in a few sentences."""
    plan, seeds = results["plan"], len(results["seeds"])
    budget = ""
    if plan["minutes"] is not None:
        budget = f" To fit {plan['minutes']:g} minutes, epochs are {plan['factor']:.3g} of theirs."
    return (
        f"{len(results['models'])} models of the study, each trained with {seeds} seed(s), are "
        f"scored on the same {results['photographs']['test']} test photographs of "
        f"{results['source']}, read out at T = {results['temperature']:g}.{budget} Intervals are "
        f"95 % bootstrap intervals over photographs{' and seeds' if seeds > 1 else ''}."
    )


def tables(results: Mapping[str, Any]) -> list[tuple[str, str, Rows]]:
    """Title, text and rows of each table of what study.json holds."""
    found, models = results["figures"], results["models"]
    drawn = [name for name in found if "log_density" in found[name]]
    every = [
        (
            "Beside the study's figures",
            "Means with 95 % intervals. The study scored its models on test photographs of its "
            "own, and computed SSIM with a data range of 2, which is too high.",
            [_beside(name, found[name]) for name in (*models, "grey")],
        ),
        (
            "The study's claims",
            "Differences are paired, photograph by photograph, and all of a claim's must hold.",
            [_claim_row(claim) for claim in results["claims"]],
        ),
        (
            "How probable the paint is",
            "Of painted surfaces the true colours are known as a distribution: log density of each "
            "object's mean colour, what true paints have in the mean, and the share of objects "
            "whose colour is likelier than the least likely 5 % of true paints. Grey is a common "
            "paint. 'Last' is the last step, else it is the one of the least validation loss.",
            [_measured(name, found[name]) for name in drawn],
        ),
        (
            "The training",
            "Images per second are the median over the log.",
            [_training(name, models[name]) for name in models],
        ),
    ]
    return [table for table in every if table[2]]


def _beside(name: str, found: Mapping[str, Interval]) -> dict[str, str]:
    row = {"Model": label(name)}
    for metric in (*METRICS, "ssim_range_2", "colorfulness"):
        row[WRITTEN[metric].title] = _written(metric, found[metric])
        if any(metric in published for published in PUBLISHED.values()):
            published = PUBLISHED.get(name, {}).get(metric)
            row[f"{WRITTEN[metric].title}: study"] = "" if published is None else f"{published:g}"
    return row


def _claim_row(claim: Mapping[str, Any]) -> dict[str, str]:
    here = [claim["why"]] if claim["why"] else []
    for c in claim["compared"]:
        pair = (" / " if c["metric"] in RATIOS else " minus ").join(
            _names(c[side]) for side in ("left", "right")
        )
        here.append(f"{WRITTEN[c['metric']].title}, {pair}: {_written(c['metric'], c)}")
    return {"The study saw": claim["saw"], "Verdict": claim["verdict"], "Here": "; ".join(here)}


def _measured(name: str, found: Mapping[str, Interval]) -> dict[str, str]:
    names = ("loss", "rmse_ab", "log_density", "expected", "plausible")
    cells = {WRITTEN[m].title: _written(m, found[m]) if m in found else "" for m in names}
    return {"Colouring": _names([name])} | cells


def _training(name: str, run: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Model": label(name),
        "Epochs": f"{run['epochs']:.3g}",
        "Epochs: study": f"{run['study_epochs']:g}",
        "Steps": f"{run['steps']}",
        "Least validation loss at": ", ".join(map(str, run["best_steps"])),
        "Parameters": f"{run['parameters']:,}",
        "Images/s": f"{run['images_per_second']:.4g}",
    }


def _written(metric: str, found: Mapping[str, float]) -> str:
    digits = WRITTEN[metric].digits
    return "{mean:.{d}f} ({low:.{d}f} to {high:.{d}f})".format(**found, d=digits)


def markdown(rows: Rows) -> str:
    """A table of rows of cells by column."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
