"""Pictures of the study's models on test photographs, kept as arrays and drawn without models."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from cic_jax import photos
from cic_jax.colorize import Colorizer
from cic_jax.model import Model
from cic_jax.report import charts, gallery
from cic_jax.report.names import label
from cic_jax.study.scored import Pictures

COUNT = 5  # photographs shown


def take(model: Model, photographs: photos.Photographs, config: ConfigDict) -> Pictures:
    """Colour the first photographs, one of them at several temperatures, and read a pixel out.

    A model that predicts ab itself has neither temperatures nor a distribution.
    """
    data = config.data
    shown = gallery.first(photographs, COUNT, data.size, data.short_side)
    colorizer = Colorizer(model, data.size)
    predictions = gallery.coloured(colorizer, shown, config.colour.temperature)
    taken = {"truth": shown, "predictions": predictions}
    if model.target.centers is None:
        return taken
    row = gallery.temperatures(colorizer, shown[0])
    pixel = gallery.least_sure(colorizer, shown[0])
    return taken | {
        "temperatures": np.concatenate(list(row.values())),
        "temperatures_names": np.array(json.dumps(list(row))),
        "pixel_place": np.array(pixel.place),
        "pixel_centers": np.asarray(pixel.centers),
        "pixel_p": np.asarray(pixel.p),
        "pixel_colours": np.stack(list(pixel.colours.values())),
        "pixel_names": np.array(json.dumps(list(pixel.colours))),
    }


def draw(models: Mapping[str, Pictures], temperature: float) -> Iterator[tuple[str, Figure]]:
    """Draw the figures of all models: temperatures and a pixel of each, predictions of all."""
    for name, taken in models.items():
        if "temperatures" in taken:
            names = json.loads(str(taken["temperatures_names"]))
            row = dict(zip(names, taken["temperatures"][:, None], strict=True))
            title = f"{label(name)}: the same prediction, read out at temperature T"
            yield f"{name}_temperatures", charts.photo_grid(row, title)
            yield f"{name}_pixel", _pixel(taken)
    truth = next(iter(models.values()))["truth"]
    predictions = {name: taken["predictions"] for name, taken in models.items()}
    columns = {"grey": gallery.grey(truth), **predictions, "truth": truth}
    title = f"Test photographs from their lightness (T = {temperature:g})"
    yield "predictions", charts.photo_grid(columns, title)


def _pixel(taken: Pictures) -> Figure:
    names = json.loads(str(taken["pixel_names"]))
    row, column = (int(x) for x in taken["pixel_place"])
    pixel = gallery.Pixel(
        (row, column),
        taken["pixel_centers"],
        taken["pixel_p"],
        dict(zip(names, taken["pixel_colours"], strict=True)),
    )
    return charts.pixel_distribution(taken["truth"][0], *pixel)
