import numpy as np

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
