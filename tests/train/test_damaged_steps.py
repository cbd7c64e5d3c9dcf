"""A saved step is restored as it was, or gives way to the one before, whatever harms its files."""

import logging
import os
import shutil

import jax
import numpy as np
import pytest
from full_disk import files_of_at_most

from cic_jax import checkpoint, checksums, model, saved_steps

ARRAYS = {"params": {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4)}, "batch_stats": {}}
MOMENTS = (np.array(3), {"mu": np.linspace(0, 1, 7, dtype=np.float32)})
DESCRIPTION = model.describe("simplified", width=0.05)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Two steps, whose arrays are their number apart."""
    workdir = tmp_path_factory.mktemp("run")
    with checkpoint.manager(workdir) as manager:
        for step in (1, 2):
            state = jax.tree.map(lambda x, step=step: x + x.dtype.type(step), (ARRAYS, MOMENTS))
            about = {"batches": str(step)}
            checkpoint.save(manager, step, state, DESCRIPTION, {"loss": 3.0 - step}, about)
    return workdir


def files_of(workdir):
    return sorted(p for p in (workdir / "checkpoints" / "2").rglob("*") if p.is_file())


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << 6
    path.write_bytes(content)


HARMS = {
    "a bit at the start": lambda path: flip(path, 0),
    "a bit in the middle": lambda path: flip(path, 0.5),
    "a bit near the end": lambda path: flip(path, 0.95),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "none": lambda path: path.write_bytes(b""),
    "no file": lambda path: path.unlink(),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


SLOWLY = [pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, len(HARMS))]


@pytest.mark.parametrize("turn", [0, *SLOWLY])
def test_a_damaged_step_gives_way_to_the_one_before(turn, saved, tmp_path, caplog):
    """Whichever file is harmed: what is restored was saved, and a step that is left is named."""
    gave_way = 0
    for number, harmed in enumerate(files_of(saved)):
        workdir = tmp_path / str(number)
        shutil.copytree(saved, workdir)
        path = workdir / harmed.relative_to(saved)
        if path.stat().st_size == 0:
            continue
        harm = list(HARMS)[(number + turn) % len(HARMS)]
        HARMS[harm](path)
        caplog.clear()
        with caplog.at_level(logging.WARNING), checkpoint.manager(workdir) as manager:
            step, *restored = checkpoint.resume(manager, ARRAYS, MOMENTS)
        expected = jax.tree.map(lambda x, step=step: x + x.dtype.type(step), (ARRAYS, MOMENTS))
        jax.tree.map(np.testing.assert_array_equal, tuple(restored), expected)
        said = [r.getMessage() for r in caplog.records if "training goes on from" in r.getMessage()]
        assert len(said) == (step == 1), (harmed, harm, said)
        assert (workdir / "damaged" / "2").exists() == (step == 1)
        assert all("\n" not in text and len(text) < 500 + len(str(workdir)) for text in said)
        gave_way += step == 1
    assert gave_way >= 4  # description, record, metrics and the arrays themselves


def test_other_numbers_than_those_saved_are_damage(tmp_path, caplog, monkeypatch):
    """Where all files can be read, the checksums tell."""
    hashed = checksums.of_arrays
    with caplog.at_level(logging.WARNING), checkpoint.manager(tmp_path) as manager:
        checkpoint.save(manager, 1, (ARRAYS, MOMENTS), DESCRIPTION, None)
        with monkeypatch.context() as patch:
            patch.setattr(checksums, "of_arrays", lambda x: hashed(jax.tree.map(np.negative, x)))
            checkpoint.save(manager, 2, (ARRAYS, MOMENTS), DESCRIPTION, None)
        checkpoint.wait(manager)
        assert checkpoint.resume(manager, ARRAYS, MOMENTS)[0] == 1
    assert "Step 2 was changed: ['params']['kernel'], [0], [1]['mu']: it is now in" in caplog.text


def test_an_empty_step_is_not_the_latest(saved, tmp_path, caplog):
    shutil.copytree(saved, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "3").mkdir()
    with caplog.at_level(logging.WARNING), checkpoint.manager(tmp_path / "run") as manager:
        assert manager.latest_step() == 2
        assert checkpoint.resume(manager, ARRAYS, MOMENTS)[0] == 2
    assert "Step 3 is empty: it is now in" in caplog.text
    assert (tmp_path / "run" / "damaged" / "3").is_dir()


def test_where_no_step_is_whole_all_are_left_where_they_are(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "run")
    for step in (1, 2):
        (tmp_path / "run" / "checkpoints" / str(step) / "description" / "metadata").unlink()
    with (
        checkpoint.manager(tmp_path / "run") as manager,
        pytest.raises(
            checkpoint.CheckpointError, match=r"no step .* \(1 has no .*; 2 has no "
        ) as e,
    ):
        checkpoint.resume(manager, ARRAYS, MOMENTS)
    assert "\n" not in str(e.value)
    assert {p.name for p in (tmp_path / "run" / "checkpoints").iterdir()} == {"1", "2"}


def test_arrays_of_another_network_are_no_damage(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "run")
    wider = jax.tree.map(lambda x: np.zeros((*x.shape, 2), x.dtype), ARRAYS)
    with (
        checkpoint.manager(tmp_path / "run") as manager,
        pytest.raises(
            checkpoint.CheckpointError, match=r"another network .*float32\[3,4\], expected"
        ),
    ):
        checkpoint.resume(manager, wider, MOMENTS)
    assert manager.all_steps() == [1, 2]
    assert not (tmp_path / "run" / "damaged").exists()


def test_steps_that_were_not_validated_are_not_kept_for_ever(tmp_path):
    """Two are, in case that one is damaged, and the best of those that were validated."""
    with checkpoint.manager(tmp_path) as manager:
        for step in range(1, 7):
            validated = {"loss": 1.0} if step == 2 else None
            checkpoint.save(manager, step, (ARRAYS, MOMENTS), DESCRIPTION, validated)
        manager.wait_until_finished()
        assert manager.best_step() == 2
    assert {p.name for p in (tmp_path / "checkpoints").iterdir()} == {"2", "5", "6"}


def test_a_full_disk_is_one_line_and_keeps_the_step_before(tmp_path):
    large = {"params": {"kernel": np.random.default_rng(0).random(40_000)}, "batch_stats": {}}
    with checkpoint.manager(tmp_path) as manager:
        checkpoint.save(manager, 1, (ARRAYS, MOMENTS), DESCRIPTION, None)
        checkpoint.wait(manager)
        with files_of_at_most(100_000):
            checkpoint.save(manager, 2, (large, MOMENTS), DESCRIPTION, None)
            expected = r"cannot be written \("
            with pytest.raises(checkpoint.CheckpointError, match=expected) as refused:
                checkpoint.wait(manager)
    assert "\n" not in str(refused.value)
    with checkpoint.manager(tmp_path) as manager:
        assert checkpoint.resume(manager, ARRAYS, MOMENTS)[0] == 1


def test_a_full_disk_is_one_line_whatever_ends_the_run(tmp_path):
    """The log is written while a save fails in the background: two errors, of which one is told."""
    large = {"params": {"kernel": np.random.default_rng(0).random(40_000)}, "batch_stats": {}}

    def train():
        with checkpoint.manager(tmp_path) as manager:
            checkpoint.save(manager, 1, (large, MOMENTS), DESCRIPTION, None)
            raise OSError(28, "No space left on device")

    with (
        files_of_at_most(100_000),
        pytest.raises(checkpoint.CheckpointError, match=r"cannot be written \(") as refused,
    ):
        train()
    assert "\n" not in str(refused.value)


def test_steps_of_earlier_versions_are_restored(saved, tmp_path, caplog, monkeypatch):
    """They have neither a record nor checksums."""
    monkeypatch.setattr(saved_steps.step_files, "seal", lambda description, _: (description, {}))
    with caplog.at_level(logging.WARNING), checkpoint.manager(tmp_path) as manager:
        checkpoint.save(manager, 1, (ARRAYS, MOMENTS), DESCRIPTION, None)
        manager.wait_until_finished()
        shutil.rmtree(tmp_path / "checkpoints" / "1" / "record")
        assert checkpoint.resume(manager, ARRAYS, MOMENTS)[0] == 1
    assert "without checksums" in caplog.text
