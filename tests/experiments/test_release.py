"""The command that makes a release of a trained run."""

import pytest
from commands import ROOT, config_flags, run_script

from cic_jax import checkpoint

CARDS = ROOT / "checkpoints/cards"


@pytest.mark.slow
def test_from_a_trained_run_to_a_release(tmp_path):
    settings = config_flags(
        data={"scenes": 60, "size": 64, "short_side": 64, "data_dir": tmp_path / "prepared"},
        model={"network": "simplified", "width": 0.05},
        train={"crop": 32, "batch_size": 8, "epochs": 1},
    )
    config = f"--config={ROOT}/configs/default.py"
    done = run_script("train", f"--workdir={tmp_path}/run", config, *settings)
    assert done.returncode == 0, done.stderr
    (tmp_path / "prepared").rename(tmp_path / "moved")
    arguments = [
        f"--workdir={tmp_path}/run",
        "--name=drawn",
        f"--out={tmp_path}/releases",
        f"--data_card={CARDS}/vehicles_and_outdoors.md",
        f"--config.data.data_dir={tmp_path}/moved",
    ]
    refused = run_script("release", *arguments, f"--limits={tmp_path}/nowhere.md")
    assert refused.returncode == 2
    assert refused.stderr.strip().count("\n") == 0
    assert "--limits: expected a text" in refused.stderr
    assert not (tmp_path / "releases").exists()
    done = run_script("release", *arguments, f"--limits={CARDS}/simplified_final_limits.md")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{tmp_path}/releases/drawn"
    assert not (tmp_path / "prepared").exists()
    text = (tmp_path / "releases/drawn/README.md").read_text()
    assert "Source `synthetic_vehicles` (60 drawn scenes)" in text
    assert "minutes of steps" in text
    assert str(tmp_path) not in text
    assert checkpoint.load(tmp_path / "releases/drawn").description["width"] == 0.05
