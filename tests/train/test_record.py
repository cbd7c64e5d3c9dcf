import struct
import subprocess
import sys

import numpy as np
import pytest
from full_disk import files_of_at_most

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
    first = '{"step": 1, "split": "train"}'
    (tmp_path / record.LOG).write_text(f'{first}\n{{"st\n{first}\n')
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2: is no JSON .* remove that line"):
        record.read(tmp_path)


@pytest.mark.parametrize("line", ["[]", '{"step": 1}', '{"step": "1", "split": "train"}'])
def test_a_line_that_is_none_of_a_log_is_named(line, tmp_path):
    (tmp_path / record.LOG).write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r'log\.jsonl, line 1: has no "step" and "split"; remove'):
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


def events(folder):
    """The events in TensorBoard's file."""
    from tensorboardX.proto import event_pb2

    (path,) = folder.iterdir()
    content, at = path.read_bytes(), 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        yield event_pb2.Event.FromString(content[at + 12 : at + 12 + length])
        at += 16 + length


def test_every_picture_reaches_the_disk_at_once(tmp_path):
    with record.Recorder(tmp_path, 4) as recorder:
        for step in range(5, 45):
            recorder.scalars(step, "train", loss=1.0)
            recorder.picture(step, "colourings", np.full((4, 4, 3), step, np.uint8))
        written = list(events(tmp_path / "tensorboard"))
    pictures = [x.step for x in written if x.summary.value and x.summary.value[0].HasField("image")]
    assert pictures == list(range(5, 45))
    assert len(written) == 2 + 2 * len(pictures)
    assert written[1].step == 5  # what earlier files have of later steps is dropped
    assert written[1].HasField("session_log")


def test_a_full_disk_is_an_error_of_the_call_that_writes(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)

    def write():
        with record.Recorder(tmp_path, 0) as recorder:
            for step in range(40):  # more than would wait in a queue
                recorder.picture(step, "colourings", noise)

    with files_of_at_most(30_000), pytest.raises(OSError, match="File too large"):
        write()
