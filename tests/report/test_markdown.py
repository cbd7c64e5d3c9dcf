"""Pieces of Markdown pages: tables of metrics."""

from cic_jax.report.markdown import metric_rows


def test_a_metric_without_a_title_is_shown_by_its_name():
    interval = {"mean": 0.25, "low": 0.125, "high": 0.5}
    scores = {"model": {"lpips": interval, "psnr": interval}, "grey": {"psnr": interval}}
    known, unknown = metric_rows(scores)
    assert (known["Metric"], known["Better"]) == ("PSNR, dB", "higher")
    assert unknown == {
        "Metric": "lpips",
        "This model": "0.250 (0.125 to 0.500)",
        "Left grey": "-",
        "Better": "",
    }
