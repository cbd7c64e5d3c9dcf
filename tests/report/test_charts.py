"""Every figure shows the numbers it was given."""

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from cic_jax import bins, lab, prior
from cic_jax.metrics import LIKENESS
from cic_jax.report import charts, plane, style

LOG = [
    {"split": "train", "epoch": 0.5, "loss": 4.0},
    {"split": "validation", "epoch": 1.0, "loss": 3.5},
    {"split": "train", "epoch": 1.5, "loss": 3.0},
    {"split": "validation", "epoch": 2.0, "loss": 3.25},
    {"split": "validation", "epoch": 3.0, "loss": 3.75},
]


def interval(mean, margin):
    return {"mean": mean, "low": mean - margin, "high": mean + 2 * margin}


def scores(rmse_ab):
    model = {name: interval(0.5, 0.01) for name in LIKENESS}
    grey = {name: interval(0.4, 0.02) for name in LIKENESS}
    return {"model": model | {"rmse_ab": interval(rmse_ab, 1.0)}, "grey": grey}


def squares(axes):
    return [x for x in axes.collections if isinstance(x, PolyCollection)]


def sides(collection):
    return np.array([np.ptp(path.vertices[:, 0]) for path in collection.get_paths()])


def test_loss_curves_mark_the_least_validation_loss():
    figure = charts.loss_curves({"simplified": LOG, "demo": LOG[:1]})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Simplified", "Demo"]
    train, validation, least = figure.axes[0].lines
    np.testing.assert_array_equal(train.get_xydata(), [(0.5, 4.0), (1.5, 3.0)])
    np.testing.assert_array_equal(validation.get_xydata(), [(1.0, 3.5), (2.0, 3.25), (3.0, 3.75)])
    np.testing.assert_array_equal(least.get_xydata(), [(2.0, 3.25)])
    assert len(figure.axes[1].lines) == 2  # not validated yet
    assert validation.get_color() == style.COLOURS["simplified"]


def test_bars_reach_from_grey_to_the_model():
    figure = charts.metric_bars({"simplified": scores(13.0), "rebalanced": scores(17.0)})
    assert len(figure.axes) == len(LIKENESS)
    axes = figure.axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(bars, [(0.4, 12.6), (0.4, 16.6)])
    reach = [container.lines[2][0].get_segments()[0] for container in axes.containers[1::2]]
    np.testing.assert_allclose(reach, [[(12.0, 0), (15.0, 0)], [(16.0, 1), (19.0, 1)]])
    assert [text.get_text() for text in axes.texts] == ["13.0", "17.0"]
    assert [bar.get_facecolor()[:3] for bar in axes.patches] == [
        to_rgb(style.COLOURS[name]) for name in ("simplified", "rebalanced")
    ]


def test_photo_grid_has_named_columns():
    rng = np.random.default_rng(0)
    columns = {
        name: rng.integers(0, 256, (3, 8, 16, 3), dtype=np.uint8) for name in ("grey", "truth")
    }
    figure = charts.photo_grid(columns, "Colourings")
    shown = np.array([axes.images[0].get_array() for axes in figure.axes]).reshape(3, 2, 8, 16, 3)
    np.testing.assert_array_equal(shown[:, 0], columns["grey"])
    np.testing.assert_array_equal(shown[:, 1], columns["truth"])
    assert [axes.get_title() for axes in figure.axes[:2]] == ["Grey", "Truth"]


def test_bin_probabilities_share_one_colour_scale():
    rare = prior.IMAGENET.copy()
    rare[:100] = 0
    figure = charts.bin_distributions(
        {"ImageNet": (bins.CENTERS, prior.IMAGENET), "Some": (bins.CENTERS, rare)}
    )
    (whole,), (some,) = squares(figure.axes[0]), squares(figure.axes[1])
    assert len(whole.get_paths()) == 313
    np.testing.assert_array_equal(some.get_facecolor(), whole.get_facecolor()[100:])
    order = np.argsort(prior.IMAGENET)
    luminance = whole.get_facecolor()[order, :3] @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(luminance) > -0.02)
    np.testing.assert_allclose(sides(whole), 10.0)


def test_a_bins_square_has_its_colour_and_probability_as_area():
    p = np.zeros(313, np.float32)
    p[[50, 200]] = 0.8, 0.2
    photo = np.zeros((16, 24, 3), np.uint8)
    truth = np.array([10.0, -20.0], np.float32)
    figure = charts.pixel_distribution(photo, (3, 5), bins.CENTERS, p, {"truth": truth})
    left, right = figure.axes
    assert {tuple(line.get_xydata()[0]) for line in left.lines} == {(5, 3)}
    whole, probable = squares(right)
    assert len(whole.get_paths()) == 313
    np.testing.assert_allclose(sides(probable) ** 2, [100.0, 25.0], rtol=1e-5)
    middles = [path.vertices[:4].mean(axis=0) for path in probable.get_paths()]
    np.testing.assert_allclose(middles, bins.CENTERS[[50, 200]], atol=1e-5)
    shown = lab.rgb_to_lab(jnp.asarray(probable.get_facecolor()[None, 1, :3], jnp.float32))
    np.testing.assert_allclose(shown[0, 0], plane.LIGHTNESS, atol=0.1)
    np.testing.assert_array_equal(right.collections[-1].get_offsets(), [truth])


def test_models_of_the_study_keep_their_colours():
    assert len(set(style.COLOURS.values())) == 9
    colours = style.model_colours(["mine", "simplified", "yours"])
    assert colours["simplified"] == style.COLOURS["simplified"]
    assert len(set(colours.values())) == 3
    many = style.model_colours([*style.COLOURS, "a tenth"])
    assert many["a tenth"] == style.INK


@pytest.mark.parametrize("count", [1, 4])
def test_the_same_figure_has_the_same_bytes(count):
    logs = {f"run {i}": LOG for i in range(count)}
    first, second = (style.png(charts.loss_curves(logs)) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")
