"""Figures for a notebook: what a model made of a photograph, and what else it could have been."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Num, UInt8
from matplotlib.figure import Figure

from cic_jax import bins
from cic_jax.colorize.colorizer import Colorizer
from cic_jax.colorize.prediction import Prediction
from cic_jax.read_out import CELL
from cic_jax.report.charts import marked, photo_grid, predicted
from cic_jax.report.style import headline, new, styled

LONGEST = 640  # pixels of a photograph that is shown
WIDTH = 11.0  # inches of a row of pictures


@styled
def plot(
    colorizer: Colorizer,
    prediction: Prediction,
    at: tuple[float, float] = (0.5, 0.5),
    temperature: float = bins.TEMPERATURE,
    saturation: float = 1.0,
    tau: float | None = None,
) -> Figure:
    """Plot a photograph in grey and in colour, and the distribution at a place of it.

    A notebook shows the figure by itself. A model that predicts ab itself has no distribution: the
    place is then left out. Raises ValueError for a place outside of the photograph.

    Args:
        colorizer: The model.
        prediction: What `colorizer.predict` returned for a photograph.
        at: x and y of the place, as shares of the width and height from 0 to 1, as in `Hint`.
        temperature: As in `Colorizer.render`.
        saturation: As in `Colorizer.render`.
        tau: As in `Colorizer.render`.
    """
    if not all(0 <= share <= 1 for share in at):
        raise ValueError(f"at: expected x and y as shares of the sides, from 0 to 1; got {at}")
    small = prediction.reduced(LONGEST)
    rgb = colorizer.render(small, temperature, saturation, tau)
    pixel, cell = _pixel(at, small.pixels.shape), _pixel(at, prediction.size, CELL)
    centers = colorizer.model.target.centers
    figure = new(7.2 if centers is None else 11.6, 4.2)
    panels = figure.subplots(1, 2 if centers is None else 3)
    marked(panels[0], colorizer.render(small, saturation=0.0), pixel, "In grey")
    marked(panels[1], rgb, pixel, "Coloured")
    if centers is not None:
        factor = float(colorizer.settings(temperature, saturation, tau).saturation)
        ab = factor * colorizer.cells(prediction, temperature, tau)[cell]
        p = colorizer.distribution(prediction)[cell]
        predicted(panels[2], centers, p, {"read out": ab})
    headline(figure, "A colouring, and what else one place could have been")
    return figure


@styled
def distribution(
    p: Num[np.ndarray, " q"],
    points: Mapping[str, Float[np.ndarray, "2"]],
    title: str,
    centers: Float[np.ndarray, "q 2"] = bins.CENTERS,
) -> Figure:
    """Plot a distribution over the bins of the ab plane: the area of a square is its probability.

    `points` are places of the plane to mark, by name.
    """
    figure = new(5.6, 4.0)
    predicted(figure.subplots(), centers, p, points)
    headline(figure, title)
    return figure


def row(pictures: Mapping[str, UInt8[np.ndarray, "h w 3"]], title: str) -> Figure:
    """Show pictures of one size beside each other, under their names."""
    shown = {name: picture[None] for name, picture in pictures.items()}
    return photo_grid(shown, title, cell=min(3.5, WIDTH / len(pictures)))


def _pixel(at: tuple[float, float], shape: tuple[int, ...], side: int = 1) -> tuple[int, int]:
    """Return the row and column of a place, of pixels or of cells with that side."""
    (x, y), (h, w) = at, shape[:2]
    return int(min(y * h, h - 1)) // side, int(min(x * w, w - 1)) // side
