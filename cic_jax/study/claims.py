"""What the study saw, as claims, and the verdict on each from paired differences."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Num

from cic_jax.report.charts import METRICS
from cic_jax.report.style import label
from cic_jax.study.published import GROUPS, PLAIN, REBALANCED, WRITTEN
from cic_jax.train.bootstrap import interval, ratio_of_medians

Scores = Mapping[str, Mapping[str, np.ndarray]]  # model -> metric -> 'seeds n'


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
    Claim(
        "About 31 % of the final models' test photographs had been trained on, which its code did "
        "not prevent; here so many are, and that flatters",
        better(("simplified_final_leaking",), ("simplified_final",)),
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
        return _judged(claim.saw, "not tested", [], f"without {names(sorted(missing))}")
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
        return _judged(saw, "not tested", [], f"without {names(sorted(missing))}")
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


def names(models: Sequence[str]) -> str:
    """Models as they are called in a sentence."""
    if (group := GROUPS.get(tuple(models))) is not None:
        return group
    return ", ".join(label(model).replace("@", ", ") for model in models)
