import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import bins, checkpoint, model, network, step

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


def test_best_by_a_metric_that_grows(tmp_path, state, variables):
    with checkpoint.manager(tmp_path, "psnr") as manager:
        for at, psnr in enumerate([20.0, 25.0, 22.0]):
            pair = variables, state.optimizer
            checkpoint.save(manager, at, pair, DESCRIPTION, {"psnr": psnr})
        manager.wait_until_finished()
        assert manager.best_step() == 1


def test_export_is_small_and_colours_alike(tmp_path, variables):
    exported = model.build(DESCRIPTION, variables)
    checkpoint.export(tmp_path / "model", exported)
    restored = checkpoint.load(tmp_path / "model")
    np.testing.assert_array_equal(restored.target.centers, bins.CENTERS)
    lightness = jnp.linspace(0, 100, 32 * 32).reshape(1, 32, 32, 1)
    np.testing.assert_allclose(
        model.colour(restored, lightness), model.colour(exported, lightness), atol=0.5
    )
    files = [p.stat().st_size for p in (tmp_path / "model").rglob("*") if p.is_file()]
    assert sum(files) < 3 * sum(x.size for x in jax.tree.leaves(variables))
    assert max(files) < 16 * 2**20
    with pytest.raises(checkpoint.CheckpointError, match="exists already"):
        checkpoint.export(tmp_path / "model", exported)


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
    (tmp_path / "model" / "model.json").write_text(json.dumps(DESCRIPTION | {"width": 0.2}))
    with pytest.raises(checkpoint.CheckpointError, match="its description asks for"):
        checkpoint.load(tmp_path / "model")
