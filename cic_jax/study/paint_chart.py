"""How probable the paint is that models give, where its distribution is known."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from cic_jax.report.charts import Interval
from cic_jax.report.style import GREY, INK, headline, model_colours, new, styled
from cic_jax.study.claims import names

PANELS = {
    "log_density": "Log density of each object's mean colour",
    "plausible": "Share of objects of a plausible colour",
}


@styled
def paint(found: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Of each colouring (and "grey", "truth") the figures of `plausibility.objects`, with 95 %.

    A line marks what true paints have in the mean; grey is a common paint.
    """
    figure = new(10.0, 1.3 + 0.3 * len(found))
    panels = figure.subplots(1, len(PANELS), sharey=True)
    colours = model_colours(found) | {"grey": GREY, "truth": INK}
    for axes, (metric, title) in zip(panels, PANELS.items(), strict=True):
        for row, (name, figures) in enumerate(found.items()):
            x = figures[metric]
            # Where all objects are alike, rounding can put the mean outside of its interval.
            margins = np.maximum([[x["mean"] - x["low"]], [x["high"] - x["mean"]]], 0)
            axes.errorbar(x["mean"], row, xerr=margins, fmt="o", capsize=3, color=colours[name])
        axes.set_title(title)
    expected = next(iter(found.values()))["expected"]["mean"]
    panels[0].axvline(expected, color=GREY, label="true paints, in the mean")
    panels[0].legend(loc="best")
    panels[0].set_yticks(range(len(found)), [names([name]) for name in found])
    panels[0].set_ylim(len(found) - 0.5, -0.5)
    headline(figure, "How probable the paint is that each gives")
    return figure
