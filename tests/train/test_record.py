import subprocess
import sys

import numpy as np
import pytest

from cic_jax.train import record


def test_a_resumed_run_drops_the_lines_it_will_write_again(tmp_path):
    with record.Recorder(tmp_path, 0) as recorder:
        for step in (1, 2, 3):
            recorder.scalars(step, "train", loss=1.0 / step)
    with record.Recorder(tmp_path, 2) as recorder:
        recorder.scalars(3, "train", loss=9.0)
        recorder.picture(3, "colourings", np.zeros((4, 4, 3), np.uint8))
    assert [(line["step"], line["loss"]) for line in record.read(tmp_path)] == [
        (1, 1.0),
        (2, 0.5),
        (3, 9.0),
    ]
    assert list((tmp_path / "tensorboard").iterdir())


def test_a_run_without_a_log_has_no_lines(tmp_path):
    assert record.read(tmp_path / "nothing") == []


def test_a_last_line_cut_by_a_crash_costs_itself_alone(tmp_path):
    with record.Recorder(tmp_path, 0) as recorder:
        recorder.scalars(1, "train", loss=1.0)
    log = tmp_path / record.LOG
    log.write_text(log.read_text() + '{"step": 2, "spl')
    assert [line["step"] for line in record.read(tmp_path)] == [1]
    with record.Recorder(tmp_path, 1) as recorder:
        recorder.scalars(2, "train", loss=0.5)
    assert [line["step"] for line in record.read(tmp_path)] == [1, 2]


def test_a_line_that_was_spoilt_is_named(tmp_path):
    (tmp_path / record.LOG).write_text('{"step": 1}\n{"st\n{"step": 3}\n')
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2: is no JSON .* remove that line"):
        record.read(tmp_path)


def test_pytorch_is_not_imported_with_tensorboard(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise AssertionError('PyTorch was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in list(sys.modules):
        if name.partition(".")[0] in ("torch", "tensorboardX") and ".proto" not in name:
            monkeypatch.delitem(sys.modules, name)
    with record.Recorder(tmp_path, 0) as recorder:
        recorder.scalars(1, "train", loss=1.0)
    assert "torch" not in sys.modules


def test_reading_a_log_does_not_import_tensorboard():
    code = "import sys; from cic_jax.train import loop; sys.exit('tensorboardX' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
