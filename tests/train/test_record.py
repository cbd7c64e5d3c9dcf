import re
import struct
import subprocess
import sys

import numpy as np
import pytest
from full_disk import files_of_at_most

from cic_jax import metrics
from cic_jax.train import feed, record


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


def meter(recorder):
    """Of a training of four steps, two an epoch."""
    source = feed.Feed(2, 4, 2, 1, None)
    return record.Meter(8, source, recorder, 0, lambda step: 0.1 * (step + 1))


def train_four(recorder):
    counted = meter(recorder)
    for step in range(1, 5):
        counted.add(step, np.float32([5.0 - step]), np.float32([step]))
        counted.flush()
    counted.validated(4, dict.fromkeys(metrics.METRICS, 1.5))
    counted.close()


def test_a_line_has_the_rate_of_its_last_step_and_the_norm_of_its_gradient(tmp_path):
    with record.Recorder(tmp_path, 0) as recorder:
        train_four(recorder)
    line = record.read(tmp_path)[2]
    assert (line["step"], line["loss"], line["gradient_norm"]) == (3, 2.0, 3.0)
    assert line["learning_rate"] == pytest.approx(0.3)
    tags = {v.tag for x in events(tmp_path / "tensorboard") for v in x.summary.value}
    assert {"train/learning_rate", "train/gradient_norm"} <= tags


def test_without_a_terminal_progress_is_told_in_lines(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(record.logging, "info", lambda form, *words: told.append(form % words))
    with record.Recorder(tmp_path, 0) as recorder:
        train_four(recorder)
        assert [text[:12] for text in told] == ["Step 2 of 4:", "Step 4 of 4:"]
        assert re.search(r"epoch 1, loss 3\.000, rate 0\.2, .* photographs/s, 00:00 left", told[0])
        assert "validation: loss 1.5, rmse_ab 1.5" in told[1]
        told.clear()
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        train_four(recorder)
    assert told == []  # a terminal has a bar


def test_the_config_is_on_tensorboards_page_of_hyper_parameters(tmp_path):
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    values = {"train.epochs": 2.0, "data.resident": True, "data.labels": ["a"], "seed": 3}
    with record.Recorder(tmp_path, 0) as recorder:
        recorder.settings(values, ["loss"])
    _, _, experiment, session = events(tmp_path / "tensorboard")
    content = HParamsPluginData.FromString(
        session.summary.value[0].metadata.plugin_data.content
    ).session_start_info.hparams
    assert content["train.epochs"].number_value == 2.0
    assert content["data.resident"].bool_value
    assert content["data.labels"].string_value == "['a']"
    asked = HParamsPluginData.FromString(experiment.summary.value[0].metadata.plugin_data.content)
    assert [x.name.tag for x in asked.experiment.metric_infos] == ["validation/loss"]


def test_lines_of_few_steps_are_joined_with_the_one_before():
    """A mean over one step is noise, and looked like a jump of the loss."""
    epochs, losses = record.joined(np.array([1.0, 2.0, 2.25, 3.25]), np.array([4.0, 2.0, 7.0, 1.0]))
    assert epochs == [1.0, 2.25, 3.25]
    np.testing.assert_allclose(losses, [4.0, 3.0, 1.0])
    assert record.joined(np.zeros(0), np.zeros(0)) == ([], [])
