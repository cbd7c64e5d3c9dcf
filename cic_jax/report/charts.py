"""Figures of training, metrics, colourings and distributions, drawn by matplotlib.

Every function takes arrays and returns a `matplotlib.figure.Figure`; `style` defines their
look, and saves them.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from cic_jax import bins
from cic_jax.metrics import LIKENESS, METRICS
from cic_jax.report import plane
from cic_jax.report.markdown import Scores
from cic_jax.report.names import label
from cic_jax.report.style import FAINT, GREY, INK, headline, model_colours, new, styled
from cic_jax.train import record
from cic_jax.train.bootstrap import Interval

RAREST = 1e-7  # where the colour scale of probabilities begins


@styled
def loss_curves(logs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Plot training and validation loss by epoch, a panel per run since losses differ in scale.

    A log has the lines of `record.read`: "split" ('train' or 'validation'), "epoch" and "loss".
    """
    columns = min(3, len(logs))
    rows = -(-len(logs) // columns)
    figure = new(2.0 + 2.9 * columns if columns < 3 else 10.0, 0.5 + 2.4 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    colours = model_colours(logs)
    for axes, (name, log) in zip(panels, logs.items(), strict=False):
        _loss_curve(axes, log, colours[name])
        axes.set_title(label(name))
    for axes in panels[len(logs) :]:
        axes.remove()
    headline(figure, "Loss during training")
    return figure


def _loss_curve(axes: Axes, log: Sequence[Mapping[str, Any]], colour: str) -> None:
    train, validation = (
        np.array([(line["epoch"], line["loss"]) for line in log if line["split"] == split])
        .reshape(-1, 2)
        .T
        for split in ("train", "validation")
    )
    axes.plot(*record.joined(*train), color=GREY, linewidth=1, label="training")
    axes.plot(*validation, color=colour, marker="o", markersize=3.5, label="validation")
    if validation.size:
        best = int(np.argmin(validation[1]))
        axes.plot(
            *validation[:, best],
            marker="o",
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=INK,
            linestyle="none",
            label=f"least, {validation[1, best]:.3g}",
        )
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss, mean per pixel")
    axes.set_xlim(left=0)
    axes.legend()


@styled
def metric_bars(scores: Mapping[str, Scores], photographs: str = "test photographs") -> Figure:
    """Plot each model's metrics with 95 % intervals; a bar reaches from grey to the model.

    Each model comes with its own grey baseline: models may be scored on different photographs.
    """
    figure = new(11.0, 1.6 + 0.3 * len(scores))
    panels = figure.subplots(1, len(LIKENESS), sharey=True)
    colours = model_colours(scores)
    for axes, name in zip(panels, LIKENESS, strict=True):
        metric = METRICS[name]
        for row, (model, score) in enumerate(scores.items()):
            _bar(axes, row, score["model"][name], score["grey"][name], colours[model])
            mean = f"{score['model'][name]['mean']:.{metric.digits}f}"
            axes.text(1.01, row, mean, transform=axes.get_yaxis_transform(), va="center")
        axes.set_title(metric.title)
        axes.set_xlabel(f"{metric.unit}\n({metric.better} is better)")
        axes.grid(axis="y", visible=False)
    panels[0].set_yticks(range(len(scores)), [label(name) for name in scores])
    panels[0].set_ylim(len(scores) - 0.4, -0.6)
    handles, labels = panels[0].get_legend_handles_labels()
    legend = dict(zip(labels, handles, strict=True))  # each label once, not once per row
    figure.legend(legend.values(), legend.keys(), loc="outside lower center", ncols=2)
    headline(figure, f"Likeness to the truth of {photographs}, against leaving them grey")
    return figure


def _bar(axes: Axes, row: int, model: Interval, grey: Interval, colour: str) -> None:
    """Draw a row: grey's mean and interval, and the bar from there to the model's.

    Args:
        axes: Axes to draw on.
        row: Position of the row.
        model: Mean and interval of the model.
        grey: Mean and interval of the photographs left grey.
        colour: Colour of the bar.
    """
    height = [row - 0.42, row + 0.42]
    axes.fill_betweenx(height, grey["low"], grey["high"], color=FAINT, linewidth=0)
    axes.plot([grey["mean"]] * 2, height, color=GREY, label="left grey (ab = 0), 95 % shaded")
    axes.barh(row, model["mean"] - grey["mean"], left=grey["mean"], height=0.6, color=colour)
    margins = [[model["mean"] - model["low"]], [model["high"] - model["mean"]]]
    axes.errorbar(
        model["mean"],
        row,
        xerr=margins,
        color=INK,
        linewidth=1.3,
        capsize=3,
        path_effects=[withStroke(linewidth=3, foreground="white")],
        label="the model, 95 %",
    )


@styled
def photo_grid(
    columns: Mapping[str, UInt8[np.ndarray, "n h w 3"]], title: str, cell: float = 1.35
) -> Figure:
    """Show pictures in named columns, a photograph per row; each is `cell` inches wide."""
    count, height, width, _ = next(iter(columns.values())).shape
    figure = new(cell * len(columns), 0.75 + cell * count * height / width, gap=0.02)
    panels = figure.subplots(count, len(columns), squeeze=False)
    for column, (name, pictures) in zip(panels.T, columns.items(), strict=True):
        for axes, picture in zip(column, pictures, strict=True):
            axes.imshow(picture)
            axes.set_axis_off()
        column[0].set_title(
            textwrap.fill(label(name), 12),
            loc="center",
            fontsize=8.5,
            fontweight="normal",
            verticalalignment="bottom",
        )
    headline(figure, title)
    return figure


@styled
def bin_distributions(
    distributions: Mapping[str, tuple[Float[np.ndarray, "q 2"], Float[np.ndarray, " q"]]],
) -> Figure:
    """Plot how often each bin occurs, on one logarithmic scale for all panels.

    `distributions` has bin centres and probabilities by name. Bins that never occur stay white.
    """
    figure = new(1.0 + 3.3 * len(distributions), 4.0)
    panels = figure.subplots(1, len(distributions), squeeze=False, sharex=True, sharey=True)[0]
    positive = np.concatenate([p[p > 0] for _, p in distributions.values()])
    scale = ScalarMappable(LogNorm(max(positive.min(), RAREST), positive.max()), "viridis")
    for axes, (name, (centers, p)) in zip(panels, distributions.items(), strict=True):
        sides = np.full(len(p), bins.pitch(centers))[p > 0]
        colours = scale.to_rgba(p[p > 0])
        axes.add_collection(plane.squares(centers[p > 0], sides, colours, edgecolors=colours))
        plane.ab_axes(axes)
        axes.set_title(name)
    figure.colorbar(scale, ax=panels, label="probability of the bin", shrink=0.85)
    headline(figure, "How often each colour occurs")
    return figure


@styled
def pixel_distribution(
    photo: UInt8[np.ndarray, "h w 3"],
    pixel: tuple[int, int],
    centers: Float[np.ndarray, "q 2"],
    p: Float[np.ndarray, " q"],
    colours: Mapping[str, Float[np.ndarray, "2"]],
) -> Figure:
    """Plot the predicted distribution at one pixel: a square per bin, its area the probability.

    Args:
        photo: Photograph to show on the left, with the pixel marked.
        pixel: Row and column.
        centers: Centres of the bins.
        p: Probability of each bin.
        colours: Points of the ab plane to mark, such as the truth, by name.
    """
    figure = new(8.4, 4.2)
    left, right = figure.subplots(1, 2)
    marked(left, photo, pixel, f"Pixel at row {pixel[0]}, column {pixel[1]}")
    predicted(right, centers, p, colours)
    headline(figure, "One pixel's predicted distribution over the bins of the ab plane")
    return figure


def marked(
    axes: Axes, photo: UInt8[np.ndarray, "h w *c"], pixel: tuple[int, int], title: str
) -> None:
    """Show a photograph, with a ring around the pixel at that row and column."""
    axes.imshow(photo, cmap="gray", vmin=0, vmax=255)
    for colour, width in (("white", 4), (INK, 1.5)):
        ring: dict[str, Any] = {
            "markersize": 13,
            "markerfacecolor": "none",
            "color": colour,
            "mew": width,
        }
        axes.plot(pixel[1], pixel[0], "o", **ring)
    axes.set_axis_off()
    axes.set_title(title)


def predicted(
    axes: Axes,
    centers: Float[np.ndarray, "q 2"],
    p: Float[np.ndarray, " q"],
    colours: Mapping[str, Float[np.ndarray, "2"]],
) -> None:
    """Show the distribution of a pixel, and points of the ab plane to mark, by name."""
    plane.distribution(axes, centers, p)
    for (name, ab), marker in zip(colours.items(), "*oDsv^", strict=False):
        size = 150 if marker == "*" else 55
        axes.scatter(
            ab[0],
            ab[1],
            marker=marker,
            s=size,
            facecolor="white",
            edgecolor=INK,
            label=name,
            zorder=3,
        )
    plane.ab_axes(axes)
    if colours:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    axes.set_title(f"Its colours (most probable: {p.max():.0%})")
