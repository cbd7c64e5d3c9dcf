"""What is kept of a study's runs stands for the study: scores, weights, no path and no picture."""

import json

import numpy as np
import pytest
from tiny_models import tiny_model

from cic_jax import checkpoint
from cic_jax.study import kept, runs, scored

SETS = {"experimental": {}, "final": {}}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study with one scored run, whose steps hold a tiny model, and one that has begun."""
    workdir = tmp_path / "study"
    run, begun = (
        runs.configure(name, 0, workdir, SETS, {"data.path": "/home/me/tars"})
        for name in ("simplified_final", "unbalanced")
    )
    (run.home / "checkpoints/7").mkdir(parents=True)
    for file in kept.FILES:
        (run.home / file).write_text("{}\n")
    model = tiny_model()
    model.description["config"] = run.config.to_dict() | {}
    monkeypatch.setattr(checkpoint, "load", lambda home, step: model)
    about = {"best": 5, "latest": 7, "parameters": 3, "description": model.description}
    tables = {"model": {"psnr": np.arange(9.0)}}
    pictures = {"truth": np.zeros((2, 8, 8, 3), np.uint8)}
    scored.write(run.home, scored.Scored(about, tables, pictures))
    (workdir / "study.json").write_text('{"plan": {}}')
    return workdir, (run, begun)


def test_scores_and_weights_are_kept_and_neither_paths_nor_pictures(study, tmp_path, monkeypatch):
    workdir, both = study
    out = tmp_path / "out"
    for _ in range(2):  # the second replaces the first
        assert kept.keep(workdir, both, out) == ["simplified_final"]
    home = out / "simplified_final"
    again = scored.read(home)
    np.testing.assert_array_equal(again.tables["model"]["psnr"], np.arange(9.0))
    assert again.pictures == {}
    texts = [path.read_text() for path in out.rglob("*.json")]
    assert not any("/home/me" in text or str(tmp_path) in text for text in texts)
    config = json.loads((home / "config.json").read_text())
    assert config["train"]["init_from"] == "simplified"
    monkeypatch.undo()
    before, after = tiny_model(), checkpoint.load(home / "model")
    kernel = after.variables["params"]["out"]["kernel"]
    np.testing.assert_allclose(kernel, before.variables["params"]["out"]["kernel"], rtol=2**-8)
    assert runs.parameters(home) == home / "model"
    assert (out / "study.json").exists()
