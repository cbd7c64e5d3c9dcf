"""The whole command, from tars to the report, and resumed."""

import json
import tarfile

import pytest
from commands import run_script
from photo_files import encode, numbered, picture, write_tar

from cic_jax.study import claims

CARS, BOATS, SCENES = "n02958343", "n02858304", "n08613733"


@pytest.mark.slow
def test_the_command_from_tars_to_the_report_and_resumed(tmp_path):
    """Two sets of synsets, one of them a sample; trained models are not trained again."""
    for wnid, first, count in ((CARS, 0, 90), (BOATS, 200, 40), (SCENES, 400, 120)):
        photographs = [encode(picture(seed)) for seed in range(first, first + count)]
        write_tar(tmp_path / f"{wnid}.tar", numbered(wnid, photographs))
    command = [
        *("reproduce.py", f"--workdir={tmp_path}/study"),
        *(f"--experimental={CARS},{BOATS}", "--at_most=50", f"--as_many={SCENES}"),
        f"--final={CARS},{BOATS},{SCENES}",
        *("--config.data.source=imagenet_vehicles", f"--config.data.path={tmp_path}"),
        *(f"--config.data.data_dir={tmp_path}/data", "--config.data.size=48"),
        *("--config.model.width=0.05", "--config.model.dtype=bfloat16", "--config.train.crop=32"),
        *("--config.train.batch_size=16", "--config.train.epochs=0.5"),
    ]
    refused = run_script(*command, "--models=unbalanced,simple")
    assert refused.returncode != 0
    assert "--models has simple; there are euclidean" in refused.stderr + refused.stdout
    for model in ("simplified", "simplified_final"):
        done = run_script(*command, f"--models={model}")
        assert done.returncode == 0, done.stderr
    assert "Training Simplified final" in done.stdout
    assert "Training Simplified," not in done.stdout
    results = json.loads((tmp_path / "study/study.json").read_text())
    assert list(results["models"]) == ["simplified", "simplified_final"]
    sampled = {}
    for path in (tmp_path / "study/experimental/tars").iterdir():
        with tarfile.open(path) as tar:
            sampled[path.stem] = len(tar.getnames())
    assert sampled == {CARS: 50, BOATS: 40, SCENES: 50 + 40}
    scores = results["figures"]["simplified"]
    assert scores["ssim_range_2"]["mean"] > scores["ssim"]["mean"]
    assert len(results["claims"]) == len(claims.CLAIMS) + 2 + len(claims.RATIOS)
    config = json.loads((tmp_path / "study/simplified_final/config.json").read_text())
    assert config["train"]["init_from"] == str(tmp_path / "study/simplified")
    assert config["data"]["synsets"] == sorted([CARS, BOATS, SCENES])
    for name in ("study.csv", "study.md", "report.html", "figures/predictions.png"):
        assert (tmp_path / "study" / name).stat().st_size > 500
