"""Plausibility of paint: integrals against sampling, known colourings against the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import lab, model, network, photos
from cic_jax.configs import default
from cic_jax.scenes import paint
from cic_jax.study import plausibility
from cic_jax.train import evaluate


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    config = default.get_config()
    config.data.update(scenes=24, size=64, short_side=64)
    config.data.data_dir = str(tmp_path_factory.mktemp("scenes"))
    config.train.batch_size = 8
    return config


@pytest.fixture(scope="module")
def scenes(config):
    return photos.open_splits(config.data)["train"]


@pytest.fixture(scope="module")
def tiny():
    description = model.describe("simplified", width=0.05) | {"prior": [1 / 313] * 313}
    init = jax.jit(network.create("simplified", 313, 0.05).init)
    variables = init(jax.random.key(0), jnp.zeros((1, 32, 32, 1)))
    return model.build(description, variables)


def coloured(photographs, config, colour):
    """Yield batches with the ab that `colour` gives to their photographs."""
    for batch in photos.evaluation_batches(photographs, 8, config.data.size, 64):
        yield batch, colour(batch["photo"])


def true_ab(rgb):
    return np.asarray(lab.rgb_to_lab(jnp.asarray(rgb, jnp.float32) / 255)[..., 1:])


@pytest.mark.parametrize("kind", ["car", "bus"])
def test_typical_paint_agrees_with_sampling(kind):
    rng = np.random.default_rng(0)
    drawn = np.stack([paint.sample(kind, rng).ab for _ in range(5000)])
    density = plausibility.log_density([kind] * len(drawn), drawn)
    typical = plausibility.typical(kind)
    assert typical.expected == pytest.approx(density.mean(), abs=4 * density.std() / 5000**0.5)
    assert np.mean(density >= typical.least) == pytest.approx(0.95, abs=0.015)


def test_density_is_that_of_the_objects_kind():
    ab = np.array([[46.0, 30.0], [11.0, -36.0]], np.float32)
    density = plausibility.log_density(["bus", "car"], ab)
    expected = [float(paint.log_density("bus", ab[0])), float(paint.log_density("car", ab[1]))]
    np.testing.assert_allclose(density, expected, rtol=1e-6)


def test_predictions_are_the_scored_ones(tiny, scenes, config):
    squared = []
    for batch, ab in plausibility.predictions(tiny, scenes, config):
        truth = true_ab(batch["photo"])
        squared.append(np.mean((truth - ab) ** 2, axis=(1, 2, 3))[batch["valid"]])
    evaluation = evaluate.evaluate(tiny, scenes, config)
    np.testing.assert_allclose(
        np.sqrt(np.concatenate(squared)), evaluation.tables["model"].columns["rmse_ab"], rtol=1e-4
    )


def test_the_true_colouring_is_as_probable_as_the_paint(scenes, config):
    tables = plausibility.objects(scenes, config, coloured(scenes, config, true_ab))
    count = sum(len(scene["objects"]["kind"]) for scene in scenes)
    assert all(len(table.names) == count for table in tables.values())
    # A photograph's 8 bits and JPEG move a colour a little.
    difference = tables["model"].columns["log_density"] - tables["truth"].columns["log_density"]
    assert np.median(np.abs(difference)) < 0.5
    assert tables["truth"].columns["plausible"].mean() > 0.8
    kinds = [paint.KINDS[k] for scene in scenes for k in scene["objects"]["kind"]]
    neutral = [float(paint.log_density(kind, np.zeros(2, np.float32))) for kind in kinds]
    np.testing.assert_allclose(tables["grey"].columns["log_density"], neutral, rtol=1e-5)
    expected = [plausibility.typical(kind).expected for kind in kinds]
    np.testing.assert_array_equal(tables["model"].columns["expected"], expected)


def test_a_colour_between_two_paints_is_implausible(scenes, config):
    def between(rgb):
        return np.full((*rgb.shape[:3], 2), (28.0, -3.0), np.float32)

    tables = plausibility.objects(scenes, config, coloured(scenes, config, between))
    _, columns = tables["model"]
    assert columns["plausible"].mean() == 0
    assert columns["log_density"].max() < columns["expected"].min() - 5


def test_photographs_of_unknown_paint_are_refused(scenes, config):
    for wrong in ({"source": "folder"}, {"short_side": 32}):
        other = config.copy_and_resolve_references()
        other.data.update(wrong)
        with pytest.raises(ValueError, match=r"known only for data\.source=synthetic_vehicles"):
            plausibility.objects(scenes, other, [])
