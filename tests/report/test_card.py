"""The card of a released model shows the metrics that the evaluation has."""

from cic_jax.report import card


def test_a_metric_without_a_title_is_shown_by_its_name():
    interval = {"mean": 0.25, "low": 0.125, "high": 0.5}
    scores = {"model": {"psnr": interval, "lpips": interval}, "grey": {"psnr": interval}}
    known, unknown = card.metric_rows(scores)
    assert (known["Metric"], known["Better"]) == ("PSNR, dB", "higher")
    assert unknown == {
        "Metric": "lpips",
        "This model": "0.250 [0.125, 0.500]",
        "Left grey": "-",
        "Better": "",
    }
