"""The study's observations as claims, and the verdict on each from paired differences."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Num

from cic_jax.metrics import LIKENESS
from cic_jax.report.names import label
from cic_jax.study.published import GROUPS, PLAIN, REBALANCED, WRITTEN
from cic_jax.train.bootstrap import interval, ratio_of_medians

Scores = Mapping[str, Mapping[str, np.ndarray]]  # model -> metric -> 'seeds n'


class Comparison(NamedTuple):
    """Statement that the models `left`, on average, have more (or less) of a metric than `right`.

    A `margin` relaxes it: `left` may fall short by this share of the mean of `right`.
    """

    metric: str
    left: tuple[str, ...]
    more: bool
    right: tuple[str, ...]
    margin: float = 0.0


class Claim(NamedTuple):
    """Observation of the study, and the comparisons that must all hold for it to survive.

    The claim is tested only where the comparisons of `given` hold.
    """

    saw: str
    comparisons: tuple[Comparison, ...]
    given: tuple[Comparison, ...] = ()


def better(
    left: tuple[str, ...], right: tuple[str, ...], *names: str, margin: float = 0.0
) -> tuple[Comparison, ...]:
    """State that `left` is nearer to the truth by each metric; by default the study's four."""
    return tuple(
        Comparison(name, left, WRITTEN[name].better == "higher", right, margin)
        for name in names or LIKENESS
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


class Ratio(NamedTuple):
    """Observation that a quantity of `over` is at least `least` times that of `under`."""

    saw: str
    over: str
    under: str
    least: float


RATIOS = {
    "parameters": Ratio(
        "The simplified network has half the parameters", "rebalanced_ours", "simplified", 2.0
    ),
    "images_per_second": Ratio(
        "The simplified network is nearly twice as fast (here: 1.75 times or more, in training at "
        "full width, by the benchmark)",
        "simplified",
        "rebalanced_ours",
        1.75,
    ),
}


OVERFITTING = "A model that overfits by the loss can still improve by the metrics and by eye"


def overfitting(model: str) -> Claim:
    """Claim that a model's last step beats its step of least validation loss in the metrics."""
    last, least = (f"{model}@last",), (model,)
    return Claim(
        f"{OVERFITTING}; here {label(model)} at its last step against its least validation loss",
        better(last, least, "rmse_ab", "psnr", "log_density"),
        given=(Comparison("loss", last, True, least),),
    )


def judge(claim: Claim, scores: Scores) -> dict[str, Any]:
    """Judge a claim by paired differences, photograph by photograph; return both.

    The verdict is 'survives' where every interval lies on the claimed side, 'does not' where one
    lies on the other side, and otherwise 'undecided'. It is 'not tested' where a model is missing
    or `given` does not hold. Metrics that the photographs lack, such as those of known paint, are
    skipped.
    """
    compared = (*claim.given, *claim.comparisons)
    if missing := {m for c in compared for m in c.left + c.right} - set(scores):
        return _judged(claim.saw, "not tested", [], f"without {names(sorted(missing))}")
    given = _compare_all(claim.given, scores)
    if verdict(given) != "survives":
        return _judged(claim.saw, "not tested", given, "it did not overfit")
    differences = _compare_all(claim.comparisons, scores)
    return _judged(claim.saw, verdict(differences), given + differences)


def judge_overfitting(models: Sequence[str], scores: Scores) -> list[dict[str, Any]]:
    """Judge `overfitting` for each model that overfitted; one verdict tells of all the others."""
    judged = {model: judge(overfitting(model), scores) for model in models}
    spared = [model for model, one in judged.items() if one["verdict"] == "not tested"]
    tested = [one for model, one in judged.items() if model not in spared]
    if spared:
        why = f"these did not overfit: {', '.join(map(label, spared))}"
        tested.append(_judged(OVERFITTING, "not tested", [], why))
    return tested


def judge_ratio(
    metric: str, measured: Mapping[str, Num[np.ndarray, " n"]], seed: int = 0
) -> dict[str, Any]:
    """Judge one of `RATIOS` by the medians of each model's measurements."""
    saw, over, under, least = RATIOS[metric]
    if missing := {over, under} - set(measured):
        return _judged(saw, "not tested", [], f"without {names(sorted(missing))}")
    ratio = ratio_of_medians(measured[over], measured[under], seed)
    holds = _holds(ratio["low"] >= least, ratio["high"] < least)
    row = {"metric": metric, "left": [over], "right": [under], "holds": holds, **ratio}
    return _judged(saw, verdict([row]), [row])


def verdict(compared: Sequence[Mapping[str, Any]]) -> str:
    """Combine comparisons, each of which 'holds' (True), does not (False) or is open (None)."""
    if all(c["holds"] for c in compared):
        return "survives"
    if any(c["holds"] is False for c in compared):
        return "does not"
    return "undecided"


def _holds(surely: bool, surely_not: bool) -> bool | None:
    """Tell whether a comparison holds; None where its interval leaves that open."""
    if surely:
        return True
    if surely_not:
        return False
    return None


def _compare_all(comparisons: Sequence[Comparison], scores: Scores) -> list[dict[str, Any]]:
    """Compare by every metric that all the models have."""
    return [
        _compare(c, scores)
        for c in comparisons
        if all(c.metric in scores[model] for model in c.left + c.right)
    ]


def _compare(comparison: Comparison, scores: Scores) -> dict[str, Any]:
    metric, left, more, right, margin = comparison
    ours = np.mean([scores[model][metric] for model in left], axis=0)
    theirs = np.mean([scores[model][metric] for model in right], axis=0)
    difference = interval(ours - theirs)
    sign = 1 if more else -1
    low, high = sorted(sign * difference[end] for end in ("low", "high"))
    least = -margin * abs(float(np.mean(theirs)))
    holds = _holds(low > least, high < least)
    return {"metric": metric, "left": left, "right": right, "holds": holds, **difference}


def _judged(saw: str, decided: str, compared: list[dict[str, Any]], why: str = "") -> dict:
    return {"saw": saw, "verdict": decided, "why": why, "compared": compared}


def names(models: Sequence[str]) -> str:
    """Name models as in a sentence."""
    if (group := GROUPS.get(tuple(models))) is not None:
        return group
    return ", ".join(label(model).replace("@", ", ") for model in models)
