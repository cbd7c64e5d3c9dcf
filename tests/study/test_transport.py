"""What is brought back of runs, in pieces, is merged into a study elsewhere as it was."""

import json

import numpy as np
import pytest

from cic_jax.study import runs, scored, transport

SETS = {"experimental": {}, "final": {}}


@pytest.fixture
def there(tmp_path):
    """A study in which one of two runs is scored."""
    workdir = tmp_path / "there"
    done, begun = (
        runs.configure(name, 0, workdir, SETS, {}) for name in ("rebalanced", "unbalanced")
    )
    for run in (done, begun):
        (run.home / "checkpoints/7").mkdir(parents=True)
        (run.home / "checkpoints/7/weights").write_bytes(bytes(10_000))
        (run.home / "log.jsonl").write_text('{"step": 7}\n')
    rng = np.random.default_rng(0)
    result = scored.Scored(
        {"best": 5, "latest": 7, "parameters": 3},
        {"model": {"psnr": rng.normal(size=9)}, "last": {"psnr": rng.normal(size=9)}},
        {"truth": rng.integers(0, 256, (2, 8, 8, 3), np.uint8)},
    )
    scored.write(done.home, result)
    (workdir / "study.json").write_text('{"plan": {"factor": 1.0}}')
    return workdir, (done, begun), result


def test_what_came_back_is_what_was_there(there, tmp_path):
    workdir, both, result = there
    pieces = transport.bring(workdir, both, tmp_path / "out", piece=700)
    assert len(pieces) > 1
    assert max(path.stat().st_size for path in pieces) <= 700
    assert transport.merge([tmp_path / "out"], tmp_path / "here") == ["rebalanced"]
    again = scored.read(tmp_path / "here/rebalanced")
    assert again.about == result.about
    for before, after in (
        (result.tables["last"], again.tables["last"]),
        (result.pictures, again.pictures),
    ):
        for name, values in before.items():
            np.testing.assert_array_equal(values, after[name])
    brought = {path.name for path in (tmp_path / "here").rglob("*") if path.is_file()}
    assert brought == {"study.json", "log.jsonl", scored.ABOUT, scored.ARRAYS}
    here = runs.configure("rebalanced", 0, tmp_path / "here", SETS, {})
    assert here.saved() == (5, 7)
    assert here.finished(7) == (here.total_steps(7) == 7)
    assert runs.parameters(here.home) is None


def test_runs_that_train_here_stay_and_pieces_must_be_whole(there, tmp_path):
    workdir, both, _ = there
    pieces = transport.bring(workdir, both, tmp_path / "out", piece=700)
    here = tmp_path / "here/rebalanced"
    (here / "checkpoints/3").mkdir(parents=True)
    (tmp_path / "here/study.json").write_text("{}")
    assert transport.merge([tmp_path / "out"], tmp_path / "here") == []
    assert not (here / scored.ABOUT).exists()
    assert json.loads((tmp_path / "here/study.json").read_text()) == {}
    pieces[0].unlink()
    with pytest.raises(transport.TransportError, match="a piece is missing"):
        transport.merge([tmp_path / "out"], tmp_path / "there2")
    pieces[-1].unlink()
    with pytest.raises(transport.TransportError, match=r"no study\.tar\.gz"):
        transport.merge([tmp_path / "empty"], tmp_path / "there2")
