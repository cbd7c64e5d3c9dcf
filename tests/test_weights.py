"""Files of weights that declare more than they hold, or what no weights are: one line each."""

import json
import struct
import zipfile

import numpy as np
import pytest

from cic_jax import weights
from cic_jax.weights import WeightsError


def refused(path):
    with pytest.raises(WeightsError) as error:
        weights.read(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def saved(torch, tmp_path):
    def save(content, **options):
        torch.save(content, tmp_path / "weights.pth", **options)
        return tmp_path / "weights.pth"

    return save


def test_an_expanded_tensor_takes_no_memory(torch, saved):
    path = saved({"a": torch.zeros(1).expand(2**17, 2**17)})
    assert path.stat().st_size < 5000
    assert "more values than the file holds" in refused(path)
    many = {f"{i}": torch.zeros(1000) for i in range(2)}
    many |= {f"{i}": many["0"] for i in range(2, 50)}
    assert "more values than the file holds" in refused(saved(many))


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_a_file_that_is_mostly_holes_is_not_read(name, tmp_path):
    with (tmp_path / name).open("wb") as file:
        file.truncate(weights.MAX_BYTES + 1)
    assert "a file of 4.0 GiB: expected at most 4 GiB" in refused(tmp_path / name)


def test_a_compressed_file_is_not_unpacked(torch, saved, tmp_path):
    path = saved({"a": torch.zeros(10**6)})
    packed = tmp_path / "packed.pth"
    with (
        zipfile.ZipFile(path) as stored,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for name in stored.namelist():
            file.writestr(name, stored.read(name))
    assert packed.stat().st_size < 10**5
    assert "a compressed file" in refused(packed)
    assert list(weights.read(path)) == ["a"]


@pytest.mark.parametrize(
    "kind",
    ["sparse", "meta", "quantised", "nested", "float8_e4m3fn", "complex64", "nan", "key"],
)
@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of what is new or old in it
def test_tensors_of_other_kinds_are_named(torch, saved, kind):
    value = {
        "sparse": lambda: torch.eye(3).to_sparse(),
        "meta": lambda: torch.zeros(3, device="meta"),
        "quantised": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
        "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "float8_e4m3fn": lambda: torch.ones(3).to(torch.float8_e4m3fn),
        "complex64": lambda: torch.ones(3, dtype=torch.complex64),
        "nan": lambda: torch.full((3,), float("nan")),
        "key": lambda: torch.ones(3),
    }[kind]()
    said = refused(saved({7 if kind == "key" else "a": value}))
    assert {"nan": "not finite", "key": "found the key 7"}.get(kind, "'a'") in said or (
        "damaged, or holds more than tensors" in said
    )


def test_weights_of_caffe_are_called_so(tmp_path):
    path = tmp_path / "release.caffemodel"
    path.write_bytes(b"\n\7release")
    assert "weights of Caffe" in refused(path)


def safetensors(path, header, data=b""):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_safetensors_of_every_damage_are_one_line(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "a.safetensors"
    fp8 = {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}
    for header, data in (
        ({"a": fp8}, bytes(4)),
        ({"a": fp8 | {"dtype": "F4", "shape": [8]}}, bytes(4)),
        ({"a": fp8 | {"dtype": "F32", "shape": [2**40]}}, bytes(4)),
        ({"a": fp8 | {"dtype": "F32", "shape": [1]}}, struct.pack("<f", np.inf)),
        (b"[" * 10_000, b""),
        (b'{"a": %s}' % (b"9" * 5000), b""),
        (b"\xff" * 100, b""),
    ):
        refused(safetensors(path, header, data))
    path.write_bytes(struct.pack("<Q", 2**60))
    refused(path)


def test_names_of_many_digits_are_sorted(tmp_path):
    names = ["a10", "a9", "a" + "1" * 5000, "a010x", "b"]
    assert sorted(names, key=weights._numbered) == ["a9", "a10", "a010x", "a" + "1" * 5000, "b"]
