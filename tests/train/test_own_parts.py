"""A run with a network, encoding or loss of one's own: trained, resumed, scored, coloured with."""

import sys

import jax
import numpy as np
import own_parts
import pytest
from matplotlib import pyplot
from tiny_runs import tiny_config, with_options

from cic_jax import Colorizer, checkpoint, factory, photos
from cic_jax.report import drawings
from cic_jax.train import evaluate, train
from cic_jax.train.config import ConfigError

HOOKS = {
    "network": {"build_network": own_parts.patches},
    "loss": {"build_target": own_parts.expected_distance},
    "fine": {"build_target": own_parts.fine},
    "turned": {"build_target": own_parts.turned},
}
PHOTO = np.tile(np.arange(40, dtype=np.uint8) * 6, (24, 1))


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    train = {"batch_size": 4, "crop": 32, "epochs": 1 / 5, "learning_rate": 1e-2}
    return tiny_config(tmp_path_factory, 30, 32, **train).lock()


@pytest.mark.parametrize(
    "kind", ["network", "loss", "turned", pytest.param("fine", marks=pytest.mark.slow)]
)
def test_a_run_with_a_part_of_ones_own_is_whole(kind, config, tmp_path):
    hooks = HOOKS[kind]
    train(config, tmp_path / "run", **hooks)
    longer = with_options(config, {"train.epochs": 3 / 5})
    metrics = train(longer, tmp_path / "run", **hooks)  # resumed

    model = checkpoint.load(tmp_path / "run", **hooks)
    described = model.description["centers"]
    np.testing.assert_array_equal(model.target.centers, np.float32(described))
    split = photos.open_splits(config.data)["validation"]
    at = evaluate.means(evaluate.model_table(model, split, longer))
    for name, value in model.description["metrics"].items():  # under the loss it was trained with
        assert at[name] == pytest.approx(value, rel=1e-4), name
    assert metrics.keys() == at.keys()

    (name, figure), *_ = drawings.from_priors(
        {"own": model.description}
    )  # of the palette, on its own bins
    assert name == "bins"
    pyplot.close(figure)

    checkpoint.export(tmp_path / "exported", model, np.float32)
    coloured = [
        Colorizer.restore(tmp_path / place, size=16, **hooks)(PHOTO)
        for place in ("run", "exported")
    ]
    np.testing.assert_array_equal(*coloured)
    assert coloured[0].shape == (24, 40, 3)
    with pytest.raises(checkpoint.CheckpointError, match=r"--factory=own_parts:\w+ or hand"):
        checkpoint.load(tmp_path / "exported")
    with pytest.raises(ConfigError, match="built by this library alone"):
        train(longer, tmp_path / "run")


def test_a_name_in_the_config_is_imported_in_training_and_by_permission_alone(config, tmp_path):
    names = {"model.factory": "own_parts:patches", "target.factory": "own_parts:turned"}
    named = with_options(config, names)
    train(named, tmp_path / "run")
    assert checkpoint.factories_of(tmp_path / "run") == {
        "network": "own_parts:patches",
        "target": "own_parts:turned",
    }
    with pytest.raises(checkpoint.CheckpointError, match=r"network was built by own_parts:patches"):
        checkpoint.load(tmp_path / "run", factories=["own_parts:turned"])
    with pytest.raises(checkpoint.CheckpointError, match=r"os:system did not build it: its net"):
        checkpoint.load(tmp_path / "run", factories=[*names.values(), "os:system"])
    model = checkpoint.load(tmp_path / "run", factories=list(names.values()))
    np.testing.assert_array_equal(model.target.centers, -own_parts.bins.CENTERS)
    own = checkpoint.load(
        tmp_path / "run", build_network=own_parts.patches, build_target=own_parts.turned
    )
    jax.tree.map(np.testing.assert_array_equal, own.variables, model.variables)
    with pytest.raises(checkpoint.CheckpointError, match="not by own_parts:fine"):
        checkpoint.load(
            tmp_path / "run", build_network=own_parts.patches, build_target=own_parts.fine
        )
    tuned = with_options(named, {"train.init_from": str(tmp_path / "run"), "train.epochs": 0.1})
    train(tuned, tmp_path / "tuned")  # a run of the same parts may start from it


def test_loading_imports_nothing_by_itself(config, tmp_path, monkeypatch):
    name = "imported_by_a_checkpoint"
    (tmp_path / f"{name}.py").write_text("from own_parts import patches\n")
    monkeypatch.syspath_prepend(tmp_path)
    train(config, tmp_path / "run", build_network=own_parts.patches)
    model = checkpoint.load(tmp_path / "run", build_network=own_parts.patches)
    model.description["factories"]["network"] = f"{name}:patches"
    checkpoint.export(tmp_path / "exported", model)
    for options in (
        {},
        {"factories": ["own_parts:patches"]},
        {"factories": [f"{name}:other"]},
        {"build_network": own_parts.fine},
    ):
        with pytest.raises(checkpoint.CheckpointError):
            checkpoint.load(tmp_path / "exported", **options)
        assert name not in sys.modules
    checkpoint.load(tmp_path / "exported", factories=[f"{name}:patches"])
    assert name in sys.modules


def test_code_without_a_name_is_handed_over_again(config, tmp_path):
    def build(config, outputs, axis_name):
        return own_parts.Patches(outputs)

    train(config, tmp_path, build_network=build)
    with pytest.raises(checkpoint.CheckpointError, match="network was built by unnamed code"):
        checkpoint.load(tmp_path)
    checkpoint.load(tmp_path, build_network=build)
    with pytest.raises(checkpoint.CheckpointError, match="not by own_parts:patches"):
        checkpoint.load(tmp_path, build_network=own_parts.patches)


@pytest.mark.parametrize(
    ("options", "hooks", "message"),
    [
        ({"model.factory": "own_parts"}, {}, r"config\.model\.factory: .* module:function"),
        ({"target.factory": "own_parts:none"}, {}, r"config\.target\.factory: cannot import"),
        ({"target.factory": "nowhere_at_all:x"}, {}, r"config\.target\.factory: .*PYTHONPATH"),
        ({"model.factory": "own_parts:bins"}, {}, "is a module, no function"),
        ({"model.factory": "own_parts:patches"}, HOOKS["network"], "leave one of them out"),
    ],
)
def test_a_wrong_factory_is_refused_at_the_start(options, hooks, message, config, tmp_path):
    with pytest.raises(ConfigError, match=message):
        train(with_options(config, options), tmp_path / "run", **hooks)
    assert not (tmp_path / "run").exists()


def test_names_lead_back_to_their_functions():
    assert factory.name_of(own_parts.patches) == "own_parts:patches"
    assert factory.resolve("own_parts:patches") is own_parts.patches
    for unnamed in (lambda: None, test_names_lead_back_to_their_functions.__call__, PHOTO.sum):
        assert factory.name_of(unnamed) == factory.UNNAMED


def test_an_earlier_description_is_of_built_in_parts(config, tmp_path):
    train(config, tmp_path / "run")
    model = checkpoint.load(tmp_path / "run")
    for key in ("factories", "class_weights"):
        del model.description[key]
    checkpoint.export(tmp_path / "old", model, np.float32)
    old = checkpoint.load(tmp_path / "old")
    split = photos.open_splits(config.data)["validation"]
    tables = [evaluate.model_table(each, split, config).columns for each in (model, old)]
    jax.tree.map(np.testing.assert_array_equal, *tables)
