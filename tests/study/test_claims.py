import numpy as np
import pytest

from cic_jax.study import claims, published


def scores_of(**means):
    """One metric, photographs that vary much more than the models differ from each other."""
    rng = np.random.default_rng(0)
    hard = rng.normal(0.0, 5.0, (1, 300))
    return {
        model: {"rmse_ab": mean + hard + rng.normal(0.0, 0.1, hard.shape)}
        for model, mean in means.items()
    }


@pytest.mark.parametrize(
    ("mean", "margin", "verdict"),
    [
        (12.0, 0.0, "survives"),
        (14.0, 0.0, "does not"),
        (13.0, 0.0, "undecided"),
        (13.1, 0.02, "survives"),
        (14.0, 0.02, "does not"),
        (13.26, 0.02, "undecided"),
    ],
)
def test_verdicts_follow_from_paired_differences(mean, margin, verdict):
    scores = scores_of(a=mean, b=13.0)
    claim = claims.Claim("a is better", claims.better(("a",), ("b",), "rmse_ab", margin=margin))
    judged = claims.judge(claim, scores)
    assert judged["verdict"] == verdict
    (row,) = judged["compared"]
    assert row["mean"] == pytest.approx(
        float(np.mean(scores["a"]["rmse_ab"] - scores["b"]["rmse_ab"]))
    )
    assert row["high"] - row["low"] < 0.05  # unpaired it would be above 1


def test_all_of_a_claim_must_hold():
    scores = scores_of(a=12.0, b=13.0, c=11.0)
    first, second = (claims.better(("a",), (x,), "rmse_ab") for x in "bc")
    assert claims.judge(claims.Claim("", first + second), scores)["verdict"] == "does not"
    group = claims.better(("a", "b"), ("c",), "rmse_ab")
    assert claims.judge(claims.Claim("", group), scores)["compared"][0]["mean"] == pytest.approx(
        1.5, abs=0.05
    )
    given = claims.judge(claims.Claim("", first, given=second), scores)
    assert given["verdict"] == "not tested"
    absent = claims.judge(claims.Claim("", claims.better(("a",), ("d",), "rmse_ab")), scores)
    assert (absent["verdict"], absent["why"]) == ("not tested", "without D")


def test_overfitting_is_judged_for_models_that_did():
    base = scores_of(m=13.0)["m"]["rmse_ab"]
    least = {"rmse_ab": base, "psnr": -base, "loss": base}
    better_by_eye = {"rmse_ab": base - 1, "psnr": 1 - base, "loss": base + 1}
    claim = claims.overfitting("m")
    assert claims.judge(claim, {"m": least, "m@last": better_by_eye})["verdict"] == "survives"
    assert claims.judge(claim, {"m": least, "m@last": least})["verdict"] == "not tested"


def test_size_and_speed():
    names = "rebalanced_ours", "simplified"
    assert (
        claims.judge_ratio(
            "parameters", dict(zip(names, np.array([[32_235_385], [15_387_513]]), strict=True))
        )["verdict"]
        == "survives"
    )
    rng = np.random.default_rng(0)
    for speed, verdict in ((1.95, "survives"), (1.5, "does not")):
        measured = {
            "rebalanced_ours": rng.normal(100, 3, 40),
            "simplified": rng.normal(100 * speed, 3, 40),
        }
        assert claims.judge_ratio("images_per_second", measured)["verdict"] == verdict


def test_every_claim_names_known_models_and_metrics():
    known = {*published.MODELS, *published.VARIANTS, "truth"}
    for claim in claims.CLAIMS:
        for comparison in claim.comparisons:
            assert {*comparison.left, *comparison.right} <= known
            assert comparison.metric in published.WRITTEN
