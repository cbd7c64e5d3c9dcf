"""Chart of how probable the models' paint is, for drawn vehicles whose paint is known."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from cic_jax.report.style import GREY, INK, headline, model_colours, new, styled
from cic_jax.study.claims import names
from cic_jax.train.bootstrap import Interval

PANELS = {
    "log_density": "Log density of each object's mean colour",
    "plausible": "Share of objects of a plausible colour",
}


@styled
def paint_probability(scores: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Plot `plausibility.objects` scores with 95 % intervals, one row per colouring.

    Colourings are models, "grey" and "truth". A line marks the mean log density of true paints;
    grey scores high because it is a common paint.
    """
    figure = new(10.0, 1.3 + 0.3 * len(scores))
    panels = figure.subplots(1, len(PANELS), sharey=True)
    colours = model_colours(scores) | {"grey": GREY, "truth": INK}
    for axes, (metric, title) in zip(panels, PANELS.items(), strict=True):
        for row, (name, intervals) in enumerate(scores.items()):
            x = intervals[metric]
            # Where all objects are alike, rounding can put the mean outside of its interval.
            margins = np.maximum([[x["mean"] - x["low"]], [x["high"] - x["mean"]]], 0)
            axes.errorbar(x["mean"], row, xerr=margins, fmt="o", capsize=3, color=colours[name])
        axes.set_title(title)
    expected = next(iter(scores.values()))["expected"]["mean"]
    panels[0].axvline(expected, color=GREY, label="mean of true paints")
    panels[0].legend(loc="best")
    panels[0].set_yticks(range(len(scores)), [names([name]) for name in scores])
    panels[0].set_ylim(len(scores) - 0.5, -0.5)
    headline(figure, "How probable each colouring's paint is")
    return figure
