"""The real loop on a shrunken config: trains, stops, goes on, evaluates, refuses nonsense."""

import csv
import json
import os
import shutil
import signal

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from tiny_runs import tiny_config, with_options

from cic_jax import checkpoint, photos
from cic_jax.configs import default, finetune
from cic_jax.train import directory, evaluate, record
from cic_jax.train import loop as train
from cic_jax.train.config import ConfigError


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Sixty photographs whose colour can be learnt: bright is blue, dark is brown."""
    train = {"batch_size": 8, "crop": 32, "epochs": 4.0, "evaluate_every": 2.0}
    return tiny_config(tmp_path_factory, 60, 64, learning_rate=1e-2, **train).lock()


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    return workdir, train.train(config, workdir)


def test_it_learns_and_writes_everything_down(finished):
    workdir, figures = finished
    lines = record.read(workdir)
    losses = [line["loss"] for line in lines if line["split"] == "train"]
    assert losses[-1] < losses[0]
    assert [line["epoch"] for line in lines if line["split"] == "validation"] == [2.0, 4.0]
    assert figures["loss"] == next(line["loss"] for line in lines[::-1] if "psnr" in line)
    assert (workdir / "config.json").exists()
    assert list((workdir / "tensorboard").iterdir())


def test_stopped_and_resumed_is_as_if_never_stopped(config, finished, tmp_path):
    shorter = config.copy_and_resolve_references()
    shorter.train.epochs = 2.0
    train.train(shorter, tmp_path)
    resumed = train.train(config, tmp_path)
    for name, value in finished[1].items():
        assert resumed[name] == pytest.approx(value, rel=2e-3), name
    steps = [line["step"] for line in record.read(tmp_path) if line["split"] == "validation"]
    assert steps == sorted(set(steps))
    again = train.train(config, tmp_path)  # nothing is left to do
    assert again == resumed


def test_an_averaged_run_stops_and_resumes_exactly(config, tmp_path):
    averaged = config.copy_and_resolve_references()
    averaged.train.update(average=0.9, init="data", output_bias="prior", crop_scale=0.8)
    shorter = averaged.copy_and_resolve_references()
    shorter.train.epochs = 2.0
    through = train.train(averaged, tmp_path / "through")
    train.train(shorter, tmp_path / "resumed")
    resumed = train.train(averaged, tmp_path / "resumed")
    assert resumed == through
    average, trained = kept(tmp_path / "resumed")
    jax.tree.map(np.testing.assert_array_equal, (average, trained), kept(tmp_path / "through"))
    # The model is the average, and what it is of lies beside it.
    model = checkpoint.load(tmp_path / "resumed").variables
    jax.tree.map(np.testing.assert_array_equal, model, average)
    bias, other = (x["params"]["out"]["bias"] for x in (average, trained))
    assert (bias != other).mean() > 0.9


def kept(workdir):
    """Return the latest model, and the parameters that its average was taken of."""
    items = {name: ocp.args.StandardRestore() for name in ("variables", "optimizer")}
    with checkpoint.manager(workdir) as manager:
        assert manager.best_step() == manager.latest_step()
        restored = manager.restore(manager.latest_step(), args=ocp.args.Composite(**items))
    return restored["variables"], restored["optimizer"][1]


def test_a_run_from_before_an_option_goes_on(config, finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "old")
    path = tmp_path / "old" / checkpoint.CONFIG
    written = json.loads(path.read_text())
    for key in (
        *("data.leak", "model.factory", "target.factory"),
        *("train.init", "train.output_bias", "train.crop_scale", "train.average"),
    ):
        section, name = key.split(".")
        del written[section][name]
    path.write_text(json.dumps(written))
    longer = config.copy_and_resolve_references()
    longer.train.epochs = 5.0
    assert np.isfinite(train.train(longer, tmp_path / "old")["loss"])
    longer.train.average = 0.9
    with pytest.raises(ConfigError, match=r"another train\.average"):
        train.train(longer, tmp_path / "old")


def test_sigterm_saves_and_the_same_command_goes_on(config, tmp_path, monkeypatch):
    class Terminated(record.Recorder):
        def scalars(self, step, split, **figures):
            super().scalars(step, split, **figures)
            os.kill(os.getpid(), signal.SIGTERM)

    patient = config.copy_and_resolve_references()
    patient.train.update(epochs=100.0, evaluate_every=100.0)
    with monkeypatch.context() as patched:
        patched.setattr(record, "Recorder", Terminated)
        patched.setattr(record, "LOG_SECONDS", 0.0)
        train.train(patient, tmp_path)
    with checkpoint.manager(tmp_path) as manager:
        assert manager.latest_step() == 1
    patient.train.epochs = 3 / 6
    train.train(patient, tmp_path)
    with checkpoint.manager(tmp_path) as manager:
        assert manager.latest_step() == 3


def test_ctrl_c_after_the_last_step_is_passed_on(config, tmp_path, monkeypatch):
    class Interrupted(record.Recorder):
        def scalars(self, step, split, **figures):
            super().scalars(step, split, **figures)
            if split == "validation":
                os.kill(os.getpid(), signal.SIGINT)

    short = config.copy_and_resolve_references()
    short.train.epochs = 3 / 6
    with monkeypatch.context() as patched:
        patched.setattr(record, "Recorder", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            train.train(short, tmp_path)
    with checkpoint.manager(tmp_path) as manager:
        assert manager.latest_step() == 3
    figures = train.train(short, tmp_path)  # nothing is left to do
    assert figures.items() <= record.read(tmp_path)[-2].items()


def test_streaming_trains_as_well(config, tmp_path):
    streamed = config.copy_and_resolve_references()
    streamed.data.resident = False
    streamed.train.steps_per_dispatch = 3
    figures = train.train(streamed, tmp_path)
    assert np.isfinite(figures["loss"])


def test_evaluation_counts_each_photograph_once_and_beside_grey(config, finished, tmp_path):
    model = checkpoint.load(finished[0])
    split = photos.open_splits(config.data)["train"]
    evaluation = evaluate.evaluate(model, split, config)
    assert sorted(evaluation.tables["model"].names) == sorted(
        split[i]["name"] for i in range(len(split))
    )
    grey = evaluation.intervals["grey"]
    assert grey["colorfulness"]["mean"] < 0.1
    assert (
        evaluation.intervals["model"]["rmse_ab"]["mean"] < grey["rmse_ab"]["mean"]
    )  # it was learnt
    for interval in evaluation.intervals["model"].values():
        assert interval["low"] <= interval["mean"] <= interval["high"]
    evaluate.write(evaluation, tmp_path, "train")
    written = json.loads((tmp_path / "train.json").read_text())
    assert written["photographs"] == len(split)
    with (tmp_path / "train.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2 * len(split)
    assert "rmse_ab" in evaluate.format_evaluation(evaluation)


def test_evaluation_at_another_size_than_the_runs(config, finished):
    model = checkpoint.load(finished[0], overrides={"data.size": 32})
    at_32 = default.completed(model.description["config"])
    assert (config.data.size, at_32.data.size) == (64, 32)
    evaluation = evaluate.evaluate(model, photos.open_splits(at_32.data)["validation"], at_32)
    assert evaluation.intervals["model"]["psnr"]["mean"] > 10


def test_fine_tuning_starts_from_a_checkpoint(config, finished, tmp_path):
    tuned = config.copy_and_resolve_references()
    tuned.train.update(
        init_from=str(finished[0]), epochs=1 / 6, learning_rate=0.0, weight_decay=0.0
    )
    train.train(tuned, tmp_path)
    before, after = (checkpoint.load(path).variables["params"] for path in (finished[0], tmp_path))
    assert jax.tree.all(jax.tree.map(lambda x, y: bool((x == y).all()), before, after))
    tuned.model.width = 0.1
    with pytest.raises(ValueError, match=r"does not fit the configured network in .* expected"):
        train.train(tuned, tmp_path / "other")


def test_fine_tuning_never_ends_worse_than_it_began_and_says_so(
    config, finished, tmp_path, monkeypatch
):
    told = []
    monkeypatch.setattr(train.logging, "info", lambda form, *words: told.append(str(words)))
    tuned = finetune.get_config(str(finished[0]))
    tuned.data.update(path=config.data.path, data_dir=config.data.data_dir)
    tuned.train.update(epochs=2 / 6, warmup_steps=0, learning_rate=10.0)  # spoils the network
    figures = train.train(tuned, tmp_path)
    steps = [line["step"] for line in record.read(tmp_path) if line["split"] == "validation"]
    assert (steps, checkpoint.best_step(tmp_path)) == ([0, 2], 0)
    assert any("Nothing improved on the checkpoint it started from" in line for line in told)
    before, after = (checkpoint.load(path) for path in (finished[0], tmp_path))
    jax.tree.map(np.testing.assert_array_equal, before.variables, after.variables)
    assert after.description["prior"] == before.description["prior"]
    assert train.train(tuned, tmp_path) == figures  # nothing is left to do


def test_another_config_in_the_same_directory_is_refused(config, finished):
    changed = config.copy_and_resolve_references()
    changed.train.learning_rate = 3.0
    with pytest.raises(ConfigError, match=r"another train\.learning_rate"):
        train.train(changed, finished[0])


def test_too_few_photographs_for_a_batch(config, tmp_path):
    large = config.copy_and_resolve_references()
    large.train.batch_size = 512
    with pytest.raises(ValueError, match=r"fewer than a batch of 512"):
        train.train(large, tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train.batch_size": 512}, "fewer than a batch of 512"),
        ({"data.path": "/nowhere"}, "/nowhere"),
        ({"train.best_metric": "accuracy"}, r"config\.train\.best_metric .* 'accuracy'"),
        ({"train.init_from": "/nowhere"}, "no checkpoint at /nowhere"),
        ({"data.leak": 0.5}, r"config\.data\.leak"),
        ({"train.learning_rate": float("nan")}, r"config\.train\.learning_rate"),
    ],
)
def test_a_refused_start_leaves_its_directory_free(options, message, config, tmp_path):
    wrong = with_options(config, options)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        train.train(wrong, tmp_path / "run")
    assert not (tmp_path / "run" / checkpoint.CONFIG).exists()
    directory.require_free(tmp_path / "run", config)


def test_a_directory_that_is_a_pattern_is_refused_at_the_start(config, tmp_path):
    with pytest.raises(ValueError, match=r"takes for a pattern"):
        train.train(config, tmp_path / "run [1]")
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_was_cut_is_named(config, tmp_path):
    (tmp_path / checkpoint.CONFIG).write_text("{")
    with pytest.raises(ConfigError, match=r"config\.json is no config of a run .*: delete it"):
        train.train(config, tmp_path)
