"""A run that was killed and resumed is the undisturbed one: arrays, batches, pixels and log."""

import hashlib
import json
import shutil

import jax
import numpy as np
import own_parts
import pytest
from tiny_runs import tiny_config

from cic_jax import checkpoint, step_files
from cic_jax.train import crop, dispatch, goodput, identity, loop, profile, progress, record
from cic_jax.train.config import ConfigError


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    config = tiny_config(tmp_path_factory, 40, 32, batch_size=8, crop=16, crop_scale=0.8)
    config.target.predict = "ab"
    config.train.update(epochs=2.0, evaluate_every=1.0, save_every_minutes=1e-9, average=0.9)
    return config.lock()


def train(*arguments, **options):
    """Train a network that compiles in a moment."""
    return loop.train(*arguments, build_network=own_parts.patches, **options)


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """An undisturbed run, and the pixels that each of its steps saw."""
    workdir = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        pixels = watched(patch)
        train(config, workdir)
    return workdir, pixels


def watched(patch):
    """Return a list that gets the pixels of every step from now on, and log each step by itself."""
    seen = []
    cut = crop.random_crop

    def cut_and_seen(key, photos, **options):
        crops = cut(key, photos, **options)
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), crops, ordered=False)
        return crops

    patch.setattr(crop, "random_crop", cut_and_seen)
    patch.setattr(record, "LOG_SECONDS", -1.0)
    return seen


class KilledError(Exception):
    """What a kill is within a test: nothing after it is saved."""


def killed(patch, at):
    """Kill the run as it logs the losses up to this step."""

    class Recorder(record.Recorder):
        def scalars(self, step, split, **values):
            super().scalars(step, split, **values)
            if step >= at:
                raise KilledError

    patch.setattr(record, "Recorder", Recorder)


def latest(workdir):
    """The arrays' SHA-256 and the rest of the latest step's record."""
    with checkpoint.manager(workdir) as manager:
        step = manager.latest_step()
    return step, step_files.read(workdir / "checkpoints" / str(step))[1]


def log(workdir):
    """What does not depend on speed."""
    kept = ("step", "split", "epoch", "loss", "psnr", "arrays", "batches")
    return [{k: line[k] for k in kept if k in line} for line in record.read(workdir)]


def test_a_killed_run_goes_on_to_the_bit(config, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        seen = watched(patch)
        for at in (3, 6, 7):
            with patch.context() as kill:
                killed(kill, at)
                with pytest.raises(KilledError):
                    train(config, tmp_path)
        train(config, tmp_path)
    (step, expected), (reached, now) = latest(whole[0]), latest(tmp_path)
    assert reached == step
    assert now["arrays"] == expected["arrays"]
    assert now["batches"] == expected["batches"]
    assert log(tmp_path) == log(whole[0])
    # Every step is saved: only the one in which the run was killed is trained twice.
    twice = [*range(3), *range(2, 6), *range(5, 7), *range(6, step)]
    assert len(seen) == len(twice)
    for pixels, index in zip(seen, twice, strict=True):
        np.testing.assert_array_equal(pixels, whole[1][index])


def test_saves_between_validations_bound_what_a_kill_costs(config, whole):
    saved = [line["step"] for line in log(whole[0]) if line["split"] == "saved"]
    assert saved == list(range(1, latest(whole[0])[0] + 1))
    assert len(list((whole[0] / "checkpoints").iterdir())) <= 3


def test_the_batches_are_those_that_the_record_says(config, whole):
    """The SHA-256 is worked out here from the files, the seed and the definition alone."""
    step, recorded = latest(whole[0])
    key = jax.random.key(config.seed)
    keys = [np.asarray(jax.random.key_data(jax.random.fold_in(key, i))) for i in range(step)]
    np.testing.assert_array_equal(
        np.asarray(progress._step_keys(key, np.arange(step))),
        np.stack([np.frombuffer(x.tobytes(), np.uint8) for x in keys]),
    )
    digests = {x.split()[0]: None for x in lines(whole[0]) if x.split()[1] == "train"}
    digests = np.stack([np.frombuffer(bytes.fromhex(x), np.uint8) for x in digests])
    per_epoch = len(digests) // 8
    so_far = progress.BEGINNING
    for i in range(step):
        order = np.random.default_rng((config.seed, 0, 0, i // per_epoch)).permutation(len(digests))
        rows = order[i % per_epoch * 8 :][:8]
        batch = keys[i].tobytes() + digests[rows].tobytes()
        so_far = hashlib.sha256(so_far.encode() + batch).hexdigest()
    assert recorded["batches"] == so_far


@pytest.fixture
def run(config, whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run")
    longer = config.copy_and_resolve_references()
    longer.train.epochs = 4.0
    return tmp_path / "run", longer


def test_other_photographs_are_refused_and_listed(run, whole, tmp_path):
    workdir, longer = run
    shutil.copytree(longer.data.path, tmp_path / "more")
    names = {json.loads(x.split(" ", 2)[2]) for x in lines(workdir) if x.split()[1] == "train"}
    (tmp_path / "more" / min(names)).unlink()
    longer.data.path = str(tmp_path / "more")
    before = (log(workdir), sorted(workdir.iterdir()))
    with pytest.raises(
        ConfigError, match=rf"1 removed \({min(names)}\).*--resume_anyway"
    ) as refused:
        train(longer, workdir)
    assert "\n" not in str(refused.value)
    assert before == (log(workdir), sorted(workdir.iterdir()))
    train(longer, workdir, resume_anyway=True)
    (change,) = latest(workdir)[1]["changes"]
    assert change["step"] == latest(whole[0])[0]
    assert "1 removed" in change["changed"][0]
    (resumed,) = [x for x in record.read(workdir) if x["split"] == "resumed"]
    assert resumed["changed"] == change["changed"]
    assert len(lines(workdir)) == len(lines(whole[0])) - 1


def lines(workdir):
    return (workdir / record.PHOTOGRAPHS).read_text().splitlines()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"devices": 4}, "4 device(s), now 1"),
        ({"hosts": 2}, "2 host(s), now 1"),
        (
            {"functions": {"target": {"name": "my:loss", "source": "other"}}},
            "other code in my:loss",
        ),
    ],
)
def test_devices_and_code_that_changed_are_listed(change, told, tmp_path):
    functions = {"target": {"name": "my:loss", "source": "one"}}
    now = {"devices": 1, "hosts": 1, "functions": functions, "photographs": {}}
    assert identity.require_same({}, now, [], tmp_path, anyway=False) == []
    assert identity.require_same(now, now, [], tmp_path, anyway=False) == []
    with pytest.raises(ConfigError) as refused:
        identity.require_same({**now, **change}, now, [], tmp_path, anyway=False)
    assert told in str(refused.value)


def test_another_config_can_be_accepted_and_is_recorded(run):
    workdir, longer = run
    longer.train.learning_rate = 1e-3
    train(longer, workdir, resume_anyway=True)
    (change,) = latest(workdir)[1]["changes"]
    assert change["changed"] == [f"train.learning_rate = {3.16e-5!r}, now 0.001"]


def test_steps_that_are_not_finite_are_left_out_up_to_a_limit(config, tmp_path, monkeypatch):
    clean = config.copy_and_resolve_references()
    clean.train.epochs = 2.0
    dispatched = dispatch.train_step

    def spoilt(state, photos, key, **options):
        after, loss = dispatched(state, photos, key, **options)
        # The gradient alone is not finite: the loss tells nothing.
        bad = (state.step == 2) | (state.step == 4)
        return after._replace(
            params=jax.tree.map(lambda x: jax.numpy.where(bad, np.nan, x), after.params)
        ), loss

    monkeypatch.setattr(dispatch, "train_step", spoilt)
    with pytest.raises(
        ConfigError, match=r"the loss of step 3 is not finite.*\(photographs: photo_"
    ):
        train(clean, tmp_path / "refused")
    assert latest(tmp_path / "refused")[0] == 2
    clean.train.skip_steps = 1
    with pytest.raises(ConfigError, match=r"the loss of step 5 is not finite"):
        train(clean, tmp_path / "one")
    assert latest(tmp_path / "one")[1]["skipped"] == 1
    clean.train.skip_steps = 2
    assert np.isfinite(train(clean, tmp_path / "one")["loss"])
    assert latest(tmp_path / "one")[1]["skipped"] == 2


def test_time_is_told_by_phase_and_survives_starts(config, tmp_path, monkeypatch):
    short = config.copy_and_resolve_references()
    short.train.update(epochs=1.0, save_every_minutes=0.0)
    with monkeypatch.context() as kill:
        kill.setattr(record, "LOG_SECONDS", -1.0)
        kill.setattr(goodput, "WRITE_SECONDS", -1.0)
        killed(kill, 3)
        with pytest.raises(KilledError):
            train(short, tmp_path)
    first = json.loads((tmp_path / goodput.TIME).read_text())
    said = []
    with monkeypatch.context() as patch:
        patch.setattr(loop.logging, "info", lambda *words: said.append(words))
        train(short, tmp_path)
    second = json.loads((tmp_path / goodput.TIME).read_text())
    assert second["starts"] == 2
    # Nothing had been saved: all of the first start is lost.
    assert second["seconds"]["lost"] == pytest.approx(sum(first["seconds"].values()), abs=0.01)
    assert all(second["seconds"][name] > 0 for name in goodput.PHASES)
    (line,) = [words[1] for words in said if words[0] == "%s" and "were steps" in words[1]]
    assert " s in 2 start(s) were steps (" in line
    train(short, tmp_path)  # nothing is left to do, and nothing was lost
    third = json.loads((tmp_path / goodput.TIME).read_text())
    assert third["seconds"]["lost"] == second["seconds"]["lost"]


def test_a_trace_of_some_steps(config, tmp_path):
    short = config.copy_and_resolve_references()
    short.train.update(epochs=1.0, save_every_minutes=0.0)
    train(short, tmp_path, profile_steps=(1, 3))
    assert list((tmp_path / profile.TRACES).rglob("*.xplane.pb"))


@pytest.mark.parametrize("text", ["5", "5:", ":5", "5:5", "a:b", "-1:3"])
def test_steps_to_trace_that_are_none(text):
    assert profile.parse("") is None
    assert profile.parse("1:3") == (1, 3)
    with pytest.raises(ConfigError, match="must be A:B"):
        profile.parse(text)
