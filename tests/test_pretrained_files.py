"""Files of PyTorch weights are read, and the code in one is not run; a bad file costs one line."""

import pickle
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from torch_weights import renamed

from cic_jax import Colorizer, checkpoint, pretrained
from cic_jax.cli import console
from cic_jax.cli.main import main


def save(torch, content, path, zipped=True):
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("zipped", [True, False])  # since PyTorch 1.6 and before
@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict"])
def test_weights_in_a_training_checkpoint_are_found(torch, tmp_path, key, zipped):
    state = {"conv1.0.weight": torch.arange(3.0)}
    content = state if key is None else {"epochs": 10, key: state, "train_loss": [1.5]}
    found = pretrained.read(save(torch, content, tmp_path / "weights.pth", zipped))
    assert found.keys() == state.keys()


def test_command_writes_a_checkpoint_that_colours(torch, release, tmp_path):
    state = {k: torch.tensor(x) for k, x in release.items()}
    path = save(torch, state, tmp_path / "weights.pth")
    assert main(["convert", str(path), f"--out={tmp_path / 'cic'}"]) == console.DONE
    restored = checkpoint.load(tmp_path / "cic")
    converted = pretrained.to_model(state)
    jax.tree.map(np.testing.assert_array_equal, restored.variables, converted.variables)
    np.testing.assert_array_equal(restored.target.centers, converted.target.centers)
    assert restored.network == converted.network
    photo = np.tile(np.arange(40, dtype=np.uint8) * 6, (24, 1))
    assert np.ptp(Colorizer(restored, size=16)(photo), axis=-1).max() > 10  # it is not grey


def test_safetensors_in_any_order(release, tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "weights.safetensors"
    numpy.save_file(renamed(release, lambda k: f"module.{k}"), path)
    expected = pretrained.to_model(release)
    found = pretrained.to_model(pretrained.read(path))
    jax.tree.map(np.testing.assert_array_equal, found.variables, expected.variables)
    assert found.description == expected.description

    flat = {k: x for k, x in release.items() if k != pretrained.DECODE}
    stems = list(dict.fromkeys(k.rpartition(".")[0] for k in flat))
    flat = renamed(flat, lambda k: f"{stems.index(k.rpartition('.')[0])}.{k.rpartition('.')[2]}")
    numpy.save_file(flat, path)  # layers 0 to 29, which do not sort as text
    jax.tree.map(
        np.testing.assert_array_equal,
        pretrained.from_torch(pretrained.read(path))[1],
        expected.variables,
    )


class Code:
    """A pickle of it creates a file when it is loaded carelessly."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def refused(path, capsys):
    """The one line with which the command refuses a file."""
    with pytest.raises(SystemExit) as stop:
        main(["convert", str(path), f"--out={path.parent / 'out'}"])
    assert stop.value.code == console.UNUSABLE
    assert not (path.parent / "out").exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cic-jax: {path}: ")
    return line


def test_code_in_a_file_is_not_run(torch, tmp_path, capsys):
    trace = tmp_path / "trace"
    plain, zipped = tmp_path / "plain.pt", tmp_path / "zipped.pt"
    plain.write_bytes(pickle.dumps({"state_dict": Code(trace)}))
    save(torch, {"state_dict": Code(trace)}, zipped)
    for path in (plain, zipped):
        assert "is not loaded" in refused(path, capsys)
        assert not trace.exists()
    pickle.loads(plain.read_bytes())
    assert trace.exists()  # so there was something to refuse


def test_files_that_hold_no_weights_are_one_line(torch, tmp_path, capsys):
    assert "no such file" in refused(tmp_path / "absent.pth", capsys)
    (tmp_path / "damaged.pth").write_bytes(b"PK\3\4 and no more")
    assert "damaged" in refused(tmp_path / "damaged.pth", capsys)
    path = save(torch, torch.zeros(3), tmp_path / "tensor.pt")
    assert "found a Tensor" in refused(path, capsys)
    pytest.importorskip("safetensors")
    (tmp_path / "text.safetensors").write_text("nothing of the kind")
    assert "no safetensors file" in refused(tmp_path / "text.safetensors", capsys)


@pytest.mark.parametrize(
    ("library", "suffix"), [("torch", ".pth"), ("safetensors", ".safetensors")]
)
def test_an_absent_library_is_asked_for(monkeypatch, tmp_path, capsys, library, suffix):
    monkeypatch.setitem(sys.modules, library, None)
    path = tmp_path / f"weights{suffix}"
    path.touch()
    assert "pip install" in refused(path, capsys)
