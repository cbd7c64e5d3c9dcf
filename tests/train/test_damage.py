"""What a crash, a full disk or a divergence leaves of a run: it goes on, or says what to do."""

import json
import logging
import os
import shutil
from pathlib import Path

import jax
import numpy as np
import photo_files
import pytest
from tiny_runs import tiny_config

from cic_jax import checkpoint
from cic_jax.train import directory, record
from cic_jax.train import loop as train
from cic_jax.train.config import ConfigError


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    train = {"batch_size": 8, "crop": 16, "epochs": 2.0, "evaluate_every": 1.0}
    return tiny_config(tmp_path_factory, 40, 32, **train).lock()


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """A run whose latest step is not its best, so that it keeps two."""
    workdir = tmp_path_factory.mktemp("run")
    growing = config.copy_and_resolve_references()
    growing.train.learning_rate = 1e-3
    train.train(growing, workdir)
    with checkpoint.manager(workdir) as manager:
        latest = manager.latest_step()
    return workdir, growing.lock(), latest


@pytest.fixture
def run(whole, tmp_path):
    workdir, config, latest = whole
    shutil.copytree(workdir, tmp_path / "run")
    longer = config.copy_and_resolve_references()
    longer.train.epochs = 3.0
    return tmp_path / "run", longer, latest


@pytest.mark.parametrize("content", ["", None])
def test_a_config_that_was_lost_is_that_of_the_checkpoint(content, run):
    workdir, longer, _ = run
    (workdir / checkpoint.CONFIG).unlink()
    if content is not None:
        (workdir / checkpoint.CONFIG).write_text(content)
    other = longer.copy_and_resolve_references()
    other.train.learning_rate = 0.5
    with pytest.raises(ConfigError, match=r"another train\.learning_rate"):
        directory.require_free(workdir, other)
    assert np.isfinite(train.train(longer, workdir)["loss"])
    assert json.loads((workdir / checkpoint.CONFIG).read_text())["train"]["epochs"] == 3.0


def test_a_run_goes_on_where_its_photographs_have_moved(run, tmp_path):
    workdir, longer, _ = run
    moved = tmp_path / "moved"
    shutil.copytree(longer.data.path, moved, copy_function=shutil.copyfile)  # as of today
    longer.data.update(path=str(moved), data_dir=str(tmp_path / "prepared"))
    figures = train.train(longer, workdir)
    assert np.isfinite(figures["loss"])
    assert json.loads((workdir / checkpoint.CONFIG).read_text())["data"]["path"] == str(moved)
    assert train.train(longer, workdir) == figures  # nothing is left to do


def test_a_run_does_not_go_on_with_other_photographs(run, tmp_path):
    workdir, longer, _ = run
    moved = tmp_path / "moved"
    shutil.copytree(longer.data.path, moved)
    listed = (workdir / record.PHOTOGRAPHS).read_text().splitlines()
    name = next(json.loads(x.split(" ", 2)[2]) for x in listed if x.split()[1] == "train")
    (moved / name).unlink()
    longer.data.path = str(moved)
    with pytest.raises(ConfigError, match=rf"other train photographs, .* 1 removed \({name}\)"):
        train.train(longer, workdir)
    (workdir / record.PHOTOGRAPHS).unlink()  # as of a run from before they were recorded
    with pytest.raises(ConfigError, match=r"another data\.path"):
        train.train(longer, workdir)


def test_a_log_without_checkpoints_does_not_begin_anew(run):
    workdir, longer, latest = run
    shutil.rmtree(workdir / checkpoint.CHECKPOINTS)
    before = record.read(workdir)
    with pytest.raises(ConfigError, match=rf"up to step {latest}, .* holds no step"):
        train.train(longer, workdir)
    assert record.read(workdir) == before


def test_a_kill_before_the_first_save_ended_begins_anew(run):
    """The log has been validated, and of the save there is what Orbax had written so far."""
    workdir, longer, _ = run
    for step in (workdir / checkpoint.CHECKPOINTS).iterdir():
        step.rename(step.with_name(f"{step.name}.orbax-checkpoint-tmp-0"))
    assert np.isfinite(train.train(longer, workdir)["loss"])
    assert all(step.name.isdigit() for step in (workdir / checkpoint.CHECKPOINTS).iterdir())


def test_a_latest_step_that_is_damaged_gives_way_and_the_log_goes_on(run, caplog):
    workdir, longer, latest = run
    (older,) = {int(p.name) for p in (workdir / checkpoint.CHECKPOINTS).iterdir()} - {latest}
    for path in (workdir / checkpoint.CHECKPOINTS / str(latest)).iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = record.read(workdir)
    with caplog.at_level(logging.WARNING):
        assert np.isfinite(train.train(longer, workdir)["loss"])
    assert f"Step {latest} is empty" in caplog.text
    assert f"goes on from step {older}" in caplog.text
    log = record.read(workdir)
    assert [x for x in log if x["step"] <= older] == [x for x in before if x["step"] <= older]
    steps = [line["step"] for line in log if line["split"] == "validation"]
    assert steps == sorted(set(steps))
    assert latest in steps


def test_two_runs_in_one_directory_are_refused(config, tmp_path):
    with (
        directory.locked(tmp_path),
        pytest.raises(ConfigError, match=r"another process trains in"),
    ):
        train.train(config, tmp_path)
    with directory.locked(tmp_path):  # free again
        pass


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_what_was_saved(run):
    workdir, longer, latest = run
    with checkpoint.manager(workdir) as manager:
        kept = manager.all_steps()
    with pytest.MonkeyPatch.context() as patched:
        dispatched = train.dispatch.steps

        def diverging(*arguments):
            step = dispatched(*arguments)

            def run_step(state, *others):
                spoilt = jax.tree.map(lambda x: x * np.nan, state.params)
                return step(state._replace(params=spoilt), *others)

            return run_step

        patched.setattr(train.dispatch, "steps", diverging)
        with pytest.raises(ConfigError, match=rf"the loss of step {latest + 1} is not finite"):
            train.train(longer, workdir)
    with checkpoint.manager(workdir) as manager:
        assert manager.all_steps() == kept
    assert np.isfinite(train.train(longer, workdir)["loss"])


def test_photographs_that_leave_no_validation_split_are_refused(config, tmp_path):
    (tmp_path / "few").mkdir()
    photo_files.two_coloured(tmp_path / "few", 1)
    few = config.copy_and_resolve_references()
    few.data.path = str(tmp_path / "few")
    few.train.batch_size = 1
    with pytest.raises(ValueError, match="split is empty"):
        train.train(few, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_keeps_a_restore_from_working_is_a_short_line(run):
    workdir, _, latest = run
    for path in (workdir / checkpoint.CHECKPOINTS / str(latest) / "variables" / "d").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(checkpoint.CheckpointError, match="holds no checkpoint that") as refused:
        checkpoint.load(workdir, step=latest)
    assert len(str(refused.value)) < 300 + len(str(workdir))


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "results.json"
    directory.write_json(path, {"before": 1})
    with pytest.raises(TypeError):
        directory.write_json(path, {"now": object()})
    full = pytest.MonkeyPatch()

    def half(self, text, **_):
        self.write_bytes(text.encode()[:3])
        raise OSError(28, "No space left on device")

    with full.context() as patched:
        patched.setattr(Path, "write_text", half)
        with pytest.raises(OSError, match="No space"):
            directory.write_json(path, {"now": 2})
    assert json.loads(path.read_text()) == {"before": 1}


def test_a_file_that_cannot_be_written_is_named_in_one_line(config, tmp_path, monkeypatch):
    def full(path, _):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(directory, "write_json", full)
    with pytest.raises(ConfigError, match=r"config\.json: no space left on device; the steps"):
        train.train(config, tmp_path)


@pytest.mark.parametrize("name", [checkpoint.CONFIG, record.LOG, record.PHOTOGRAPHS])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(name, config, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ConfigError, match=rf"{name} must be a file: move it away"):
        train.train(config, tmp_path)


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_directory_that_cannot_be_one_is_named(name, config, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--workdir must be a directory that can be written"):
        train.train(config, tmp_path / name)
