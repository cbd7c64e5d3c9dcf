import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import bins, checkpoint, checksums, inference, model, network, step

DESCRIPTION = model.describe("simplified", width=0.05)
NETWORK = network.create("simplified", width=0.05)


@pytest.fixture(scope="module")
def state():
    return step.init(jax.random.key(0), NETWORK, step.adam(1e-3))


@pytest.fixture(scope="module")
def variables(state):
    return jax.tree.map(np.asarray, {"params": state.params, "batch_stats": state.batch_stats})


def same(one, other):
    return jax.tree.all(jax.tree.map(lambda x, y: bool(np.array_equal(x, y)), one, other))


def test_latest_and_best_are_kept_and_restored(tmp_path, state, variables):
    (tmp_path / "config.json").write_text('{"train": {"best_metric": "loss"}}')
    with checkpoint.manager(tmp_path) as manager:
        for at, loss in enumerate([3.0, 1.0, 2.0]):
            scaled = jax.tree.map(lambda x, at=at: x + at, variables)
            checkpoint.save(manager, at, (scaled, state.optimizer), DESCRIPTION, {"loss": loss})
    with checkpoint.manager(tmp_path) as manager:  # another process
        assert set(manager.all_steps()) == {1, 2}
        at, restored, moments = checkpoint.resume(manager, variables, state.optimizer)
        assert at == 2
        assert same(restored, jax.tree.map(lambda x: x + 2, variables))
        assert jax.tree.structure(moments) == jax.tree.structure(state.optimizer)
    best = checkpoint.load(tmp_path)
    assert same(best.variables, jax.tree.map(lambda x: x + 1, variables))
    assert best.description["metrics"] == {"loss": 1.0}
    assert same(checkpoint.load(tmp_path, step=2).variables, restored)


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_run_whose_config_is_lost_is_loaded_by_that_of_its_steps(
    content, tmp_path, state, variables
):
    described = DESCRIPTION | {"config": {"train": {"best_metric": "psnr"}}}
    with checkpoint.manager(tmp_path, "psnr") as manager:
        for at, psnr in enumerate([25.0, 20.0]):
            checkpoint.save(manager, at, (variables, state.optimizer), described, {"psnr": psnr})
    if content is not None:
        (tmp_path / checkpoint.CONFIG).write_text(content)
    assert checkpoint.load(tmp_path).description["metrics"] == {"psnr": 25.0}
    assert checkpoint.best_step(tmp_path) == 0


def test_a_damaged_best_step_is_named_and_the_other_is_loaded(tmp_path, state, variables, caplog):
    (tmp_path / "config.json").write_text('{"train": {"best_metric": "loss"}}')
    with checkpoint.manager(tmp_path) as manager:
        for at, loss in enumerate([1.0, 2.0]):
            pair = variables, state.optimizer
            checkpoint.save(manager, at, pair, DESCRIPTION, {"loss": loss})
    (tmp_path / "checkpoints" / "0" / "description" / "metadata").unlink()
    with caplog.at_level("WARNING"):
        assert checkpoint.load(tmp_path).description["metrics"] == {"loss": 2.0}
    assert f"{tmp_path}: step 0 has no description: step 1 is taken." in caplog.text


@pytest.mark.parametrize("wrong", ["{", "[]", '{"seed": "x"}', "[" * 9999, "\xff"])
def test_a_config_that_is_none_is_one_line(wrong, tmp_path):
    (tmp_path / checkpoint.CONFIG).write_text(wrong)
    with pytest.raises(checkpoint.CheckpointError, match=r"is no config of a run") as error:
        checkpoint.load(tmp_path)
    assert "\n" not in str(error.value)


def test_a_run_whose_numbers_have_changed_is_not_loaded(tmp_path, state, variables, monkeypatch):
    (tmp_path / "config.json").write_text('{"train": {"best_metric": "loss"}}')
    hashed = checksums.of_arrays
    monkeypatch.setattr(checksums, "of_arrays", lambda x: hashed(jax.tree.map(np.negative, x)))
    with checkpoint.manager(tmp_path) as manager:
        checkpoint.save(manager, 1, (variables, state.optimizer), DESCRIPTION, {"loss": 1.0})
    monkeypatch.undo()
    with pytest.raises(checkpoint.CheckpointError, match="step 1 was changed since it was saved: "):
        checkpoint.load(tmp_path)


def test_best_by_a_metric_that_grows(tmp_path, state, variables):
    with checkpoint.manager(tmp_path, "psnr") as manager:
        for at, psnr in enumerate([20.0, 25.0, 22.0]):
            pair = variables, state.optimizer
            checkpoint.save(manager, at, pair, DESCRIPTION, {"psnr": psnr})
        manager.wait_until_finished()
        assert manager.best_step() == 1


@pytest.mark.parametrize("metric", ["loss", "psnr"])
def test_a_metric_that_is_not_a_number_is_never_the_best(metric, tmp_path, state, variables):
    with checkpoint.manager(tmp_path, metric) as manager:
        for at, value in enumerate([2.0, np.nan, np.nan]):
            pair = variables, state.optimizer
            checkpoint.save(manager, at, pair, DESCRIPTION, {metric: value})
        manager.wait_until_finished()
        assert manager.best_step() == 0
        assert set(manager.all_steps()) == {0, 1, 2}
        checkpoint.save(manager, 3, pair, DESCRIPTION, {metric: np.nan})
        manager.wait_until_finished()
        assert set(manager.all_steps()) == {0, 2, 3}


@pytest.mark.parametrize("name", ["lose", "colorfulness"])
def test_a_metric_that_ranks_nothing_cannot_choose_the_best_step(tmp_path, name):
    expected = rf"best_metric must be one of rmse_ab, .*, loss; it is '{name}'"
    with pytest.raises(checkpoint.CheckpointError, match=expected):
        checkpoint.manager(tmp_path, name)


def test_export_is_small_and_colours_alike(tmp_path, variables):
    exported = model.build(DESCRIPTION, variables)
    checkpoint.export(tmp_path / "model", exported)
    restored = checkpoint.load(tmp_path / "model")
    np.testing.assert_array_equal(restored.target.centers, bins.CENTERS)
    lightness = jnp.linspace(0, 100, 32 * 32).reshape(1, 32, 32, 1)
    ab = [
        each.target.to_ab(inference.infer(each.network, each.variables, lightness), 0.38)
        for each in (restored, exported)
    ]
    np.testing.assert_allclose(*ab, atol=0.5)
    files = [p.stat().st_size for p in (tmp_path / "model").rglob("*") if p.is_file()]
    assert sum(files) < 3 * sum(x.size for x in jax.tree.leaves(variables))
    assert max(files) < 16 * 2**20
    with pytest.raises(checkpoint.CheckpointError, match="exists already"):
        checkpoint.export(tmp_path / "model", exported)


@pytest.mark.parametrize("name", ["r [1]", "r*", "really?"])
def test_a_path_that_is_a_pattern_is_refused_before_anything_is_written(name, tmp_path, variables):
    """Orbax would join none of the parts of what it saves there, and say nothing."""
    with pytest.raises(checkpoint.CheckpointError, match=r"takes for a pattern"):
        checkpoint.manager(tmp_path / name / "run")
    with pytest.raises(checkpoint.CheckpointError, match=r"choose a path without \* \? \["):
        checkpoint.export(tmp_path / name, model.build(DESCRIPTION, variables))
    assert list(tmp_path.iterdir()) == []


def test_euclidean_description_rebuilds_a_regression():
    built = model.build(model.describe("full", width=0.05, centers=None), {})
    assert built.network.outputs == built.target.outputs == 2


@pytest.mark.parametrize("name", ["nowhere", "/"])
def test_no_checkpoint_is_one_clear_line(name):
    with pytest.raises(checkpoint.CheckpointError, match="expected a directory") as error:
        checkpoint.load(name)
    assert "\n" not in str(error.value)


def test_arrays_of_another_shape_are_refused(tmp_path, variables):
    checkpoint.export(tmp_path / "model", model.build(DESCRIPTION, variables))
    (tmp_path / "model" / checksums.NAME).unlink()
    (tmp_path / "model" / "model.json").write_text(json.dumps(DESCRIPTION | {"width": 0.2}))
    with pytest.raises(checkpoint.CheckpointError, match="its description asks for"):
        checkpoint.load(tmp_path / "model")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, variables, value):
    wrong = jax.tree.map(np.copy, variables)
    wrong["params"]["block3"]["conv1"]["kernel"][0, 0, 0, 0] = value
    checkpoint.export(tmp_path / "model", model.build(DESCRIPTION, wrong))
    with pytest.raises(checkpoint.CheckpointError, match=r"conv1.*are not finite"):
        checkpoint.load(tmp_path / "model")


def test_a_description_that_is_none_is_one_line(tmp_path, variables):
    path = tmp_path / "model"
    checkpoint.export(path, model.build(DESCRIPTION, variables))
    (path / checksums.NAME).unlink()
    for wrong in ("", "[]", "[" * 10_000, "\xff", '{"network": "simplified"}', "9" * 5000):
        (path / "model.json").write_text(wrong)
        refused(path)
    for key, value in (
        ("network", "none of that name"),
        ("width", 0.1),
        ("centers", [[0, 0]]),
        ("config", {"target": 3}),
        ("config", {"target": {"neighbors": "five"}}),
    ):
        (path / "model.json").write_text(json.dumps(DESCRIPTION | {key: value}))
        refused(path)


def refused(path):
    with pytest.raises(checkpoint.CheckpointError) as error:
        checkpoint.load(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600
