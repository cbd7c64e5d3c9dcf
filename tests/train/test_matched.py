"""Errors at matched colourfulness, on a tiny network and made-up photographs of known groups."""

import numpy as np
import pytest
from photo_files import picture
from tiny_models import tiny_model

from cic_jax import bins, photos, read_out, target
from cic_jax.configs import default
from cic_jax.train import choice, evaluate, matched
from cic_jax.train.sample import Sample, group_of, read

LABELS = ["n08613733", "n02958343", "n00007846", "n02958343", "n08613733", "n02958343"]


@pytest.fixture(scope="module")
def photographs():
    records = [
        {"image": np.asarray(picture(i, (48, 64))), "name": f"photo {i}", "label": label}
        for i, label in enumerate(LABELS)
    ]
    return photos.Photographs("validation", records)


@pytest.fixture(scope="module")
def config():
    config = default.get_config()
    config.data.update(size=64, short_side=64)
    config.train.batch_size = 4
    return config


@pytest.fixture(scope="module")
def sample(photographs, config):
    return read(photographs, config.data)


@pytest.fixture(scope="module")
def model():
    p = np.linspace(1, 9, 313, dtype=np.float32)
    return tiny_model(gain=60.0, palette=target.Palette(bins.CENTERS, p / p.sum(), None))


def test_groups_follow_from_the_wordnet_ids(sample):
    assert sample.group_names() == ["scenes", "vehicles", "people", "all"]
    assert [len(sample.rows(group)) for group in sample.group_names()] == [2, 3, 1, 6]


def test_labels_that_are_no_wordnet_ids_are_one_group():
    assert {group_of(label) for label in ("", "car", "holiday/n1")} == {"photographs"}
    assert group_of("n04490091") == "vehicles"


def test_a_limit_keeps_the_first_of_each_group(photographs, config):
    few = read(photographs, config.data, limit=1)
    assert few.names == ["photo 0", "photo 1", "photo 2"]


def test_the_ordinary_read_out_scores_as_in_an_evaluation(sample, photographs, config, model):
    settings = read_out.Settings(tau=0.5, saturation=1.3)
    config = config.copy_and_resolve_references()
    config.colour.update(settings._asdict())
    expected = evaluate.model_table(model, photographs, config).columns
    (cell_ab,) = matched.cells(model, sample, [settings])
    columns = matched.columns(sample, cell_ab, 1.3, sample.rows("all"))
    assert {*columns, "loss"} == {*expected}
    for name, values in columns.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-3, err_msg=name)
    curve = matched.curves(sample, cell_ab, np.float32([0, 1.3]))
    # On every second row and column of 64, of noise enlarged.
    np.testing.assert_allclose(curve["rmse_ab"][:, 1], expected["rmse_ab"], rtol=0.03)
    np.testing.assert_allclose(curve["colorfulness"][:, 0], np.zeros(6), atol=0.1)


def test_each_group_is_as_colourful_as_its_truth(sample, model):
    (cell_ab,) = matched.cells(model, sample, [read_out.Settings()])
    matches = matched.assess(sample, cell_ab, 1.0)
    assert len({match.saturation for match in matches.values()}) > 1
    for group, match in matches.items():
        assert 0 < match.saturation < matched.SATURATIONS[-1], group
        colourful, truth = (
            np.mean(match.matched[name]) for name in ("colorfulness", "colorfulness_truth")
        )
        assert colourful == pytest.approx(truth, rel=matched.TOLERANCE)


def test_colours_that_are_the_truth_match_it_at_one(sample):
    """Cells of one colour each: what is left is what sRGB's rounding and the read-out lose."""
    colours = np.array([[-30, 20], [25, 40], [5, -25]], np.float32)
    cell_ab = np.broadcast_to(colours[:, None, None], (3, 16, 16, 2)).copy()
    lightness = np.full((3, 64, 64, 1), 60, np.float32)
    rgb = [
        read_out.render(L, np.kron(ab, np.ones((4, 4, 1), np.float32)))
        for L, ab in zip(lightness, cell_ab, strict=True)
    ]
    drawn = Sample(np.stack(rgb), np.ones((3, 64, 64), bool), ["", "", ""], ["x"] * 3)
    match = matched.assess(drawn, cell_ab / 2, 1.0)["all"]
    assert match.saturation == pytest.approx(2.0, abs=0.02)
    assert np.all(match.matched["rmse_ab"] < 0.8)


def test_where_the_truth_is_not_reached_the_saturation_is_the_largest():
    assert matched.crossing(np.linspace(0, 20, 14), 40.0) == matched.SATURATIONS[-1]
    assert matched.crossing(10 * matched.SATURATIONS, 13.0) == pytest.approx(1.3)


def test_the_choice_has_the_least_error_and_matches_all_photographs(sample, model):
    own = read_out.Settings(doubt=0.2)
    choices = choice.choose(model, sample, own, [0.38, 0.6], [0.0, 0.5])
    assert len(choices) == 4
    errors = [tried.rmse_ab for tried in choices]
    assert errors == sorted(errors)
    best = choices[0]
    assert best.rmse_ab == np.mean([best.by_group[g] for g in ("scenes", "vehicles", "people")])
    assert best.settings.doubt == 0.2
    assert best.shares["all"] == pytest.approx(1.0)
    assert best.shares["people"] != pytest.approx(1.0, abs=1e-3)
    (cell_ab,) = matched.cells(model, sample, [best.settings])
    columns = matched.columns(sample, cell_ab, best.settings.saturation, sample.rows("all"))
    assert np.mean(columns["colorfulness"]) == pytest.approx(
        np.mean(choice.truth_colorfulness(sample)), rel=2e-2
    )
