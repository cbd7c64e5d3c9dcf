"""The chart of paint probabilities shows the numbers it was given."""

from cic_jax.study import paint_chart


def test_each_colouring_is_shown_at_its_scores():
    def interval(mean):
        return {"mean": mean, "low": mean - 1, "high": mean + 1}

    means = {"simplified": -9.0, "grey": -6.0, "truth": -7.0}
    scores = {
        name: {"log_density": interval(x), "plausible": interval(0.5), "expected": interval(-7.5)}
        for name, x in means.items()
    }
    scores["grey"]["plausible"] = {"mean": 1.0, "low": 1.0 + 2e-16, "high": 1.0 + 2e-16}
    left, right = paint_chart.paint_probability(scores).axes
    assert [bar[0].get_xdata()[0] for bar in left.containers] == list(means.values())
    assert [text.get_text() for text in left.get_yticklabels()] == ["Simplified", "Grey", "Truth"]
    assert left.lines[-1].get_xdata()[0] == -7.5
    assert len(right.containers) == 3
