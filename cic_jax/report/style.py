"""The look of all figures: fonts, lines, and a colour per model.

The models' colours are Paul Tol's muted scheme, which is distinct under any colour vision; its two
palest colours are darkened.
"""

import io
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK, FAINT, GREY = "#222222", "#d9d9d9", "#8c8c8c"
COLOURS = {
    "euclidean": "#882255",
    "unbalanced_one_hot": "#999933",
    "unbalanced": "#C9A227",
    "rebalanced": "#56A5D8",
    "rebalanced_smoothed": "#44AA99",
    "rebalanced_ours": "#332288",
    "simplified": "#CC6677",
    "rebalanced_ours_final": "#117733",
    "simplified_final": "#AA4499",
}
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ececec",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "white",
}
CHARACTERS_PER_INCH = 9  # in a bold heading
DPI = 160
PIXELS = 84  # of a page, for an inch of a figure in a notebook

styled = matplotlib.rc_context(STYLE)  # a decorator: what the function draws has this look


def model_colours(names: Iterable[str]) -> dict[str, str]:
    """Assign a colour to each model: its own to one of the study, a spare one to any other."""
    names = list(names)
    spare = [colour for name, colour in COLOURS.items() if name not in names] or [INK]
    others = [name for name in names if name not in COLOURS]
    return {name: COLOURS.get(name) or spare[others.index(name) % len(spare)] for name in names}


class Shown(Figure):
    """A figure that a notebook shows as it is, without pyplot."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = (round(PIXELS * inches) for inches in self.get_size_inches())
        return png(self), {"width": width, "height": height}


def new(width: float, height: float, gap: float = 0.04) -> Figure:
    """Create an empty figure of that size in inches, with `gap` inches around each panel."""
    layout = ConstrainedLayoutEngine(w_pad=gap, h_pad=gap, wspace=gap / 2, hspace=gap / 2)
    return Shown(figsize=(width, height), layout=layout)


def headline(figure: Figure, text: str) -> None:
    """Put a heading over all panels, broken into lines that fit."""
    lines = textwrap.fill(text, int(CHARACTERS_PER_INCH * figure.get_figwidth()))
    figure.suptitle(lines, x=0.01, ha="left", fontsize=12, fontweight="bold")


def png(figure: Figure) -> bytes:
    """Encode the figure as a PNG; the bytes depend on the figure alone."""
    encoded = io.BytesIO()
    figure.savefig(encoded, format="png", dpi=DPI, metadata={"Software": None})
    return encoded.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write the figure as a PNG; makes its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(figure))
