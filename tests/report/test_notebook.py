"""What a notebook shows of a prediction is what the model predicted."""

import numpy as np
import pytest
from tiny_models import tiny_model

from cic_jax import Colorizer
from cic_jax import model as models
from cic_jax.report import notebook


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(tiny_model(gain=30.0), size=32)


@pytest.fixture(scope="module")
def prediction(colorizer):
    photo = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)
    return colorizer.predict(photo)


def test_a_plot_has_the_photograph_the_colours_and_the_distribution(colorizer, prediction):
    figure = notebook.plot(colorizer, prediction, at=(0.75, 0.5), tau=0.0)
    grey, coloured, plane = figure.axes
    shown = grey.images[0].get_array()
    assert np.ptp(shown.astype(int), axis=-1).max() <= 1
    np.testing.assert_array_equal(
        coloured.images[0].get_array(), colorizer.render(prediction, tau=0.0)
    )
    assert {tuple(line.get_xydata()[0]) for line in coloured.lines} == {(48, 24)}
    (read_out,) = plane.collections[-1].get_offsets()
    np.testing.assert_allclose(read_out, colorizer.cells(prediction, tau=0.0)[4, 8], rtol=1e-5)
    assert f"{colorizer.distribution(prediction)[4, 8].max():.0%}" in plane.get_title(loc="left")


def test_a_notebook_shows_a_figure_by_itself(colorizer, prediction):
    png, size = notebook.plot(colorizer, prediction)._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size["width"] > size["height"] > 100


def test_a_model_without_bins_has_no_distribution(prediction):
    colorizer = Colorizer(tiny_model(centers=None), size=32)
    figure = notebook.plot(colorizer, colorizer.predict(prediction.pixels), at=(1.0, 1.0))
    assert len(figure.axes) == 2


def test_a_place_outside_is_refused(colorizer, prediction):
    with pytest.raises(ValueError, match=r"at: expected x and y as shares"):
        notebook.plot(colorizer, prediction, at=(300.0, 200.0))


def test_models_and_predictions_print_as_one_line(colorizer, prediction):
    count = models.parameter_count(colorizer.model.variables)
    assert repr(colorizer) == (
        f"Colorizer(Model(simplified of width 0.05, {count:,} parameters, predicts bins), size=32)"
    )
    assert (
        repr(prediction) == "Prediction(photograph 48 x 64, seen as 32 x 43, output 8 x 11 x 313)"
    )


def test_a_distribution_and_a_row_show_what_they_are_given():
    p = np.eye(313, dtype=np.float32)[200]
    figure = notebook.distribution(p, {"truth": np.array([1.0, 2.0], np.float32)}, "One bin")
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.collections[-1].get_offsets(), [(1.0, 2.0)])
    assert axes.get_title(loc="left") == "Its colours (most probable: 100%)"
    pictures = {name: np.full((4, 6, 3), i, np.uint8) for i, name in enumerate(("grey", "true"))}
    shown = [axes.images[0].get_array() for axes in notebook.row(pictures, "Two").figure.axes]
    np.testing.assert_array_equal(shown, list(pictures.values()))
