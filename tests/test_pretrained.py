"""Weights of PyTorch networks, rebuilt here with random variables, colour alike once converted."""

import pickle
import re
import sys
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import pytest

from cic_jax import Colorizer, bins, checkpoint, cli, network, pretrained, upsample
from cic_jax import model as models

WIDTH = 0.125


def sequential_shapes(name, *, prefix, out, width=WIDTH, outputs=313):
    """PyTorch's names and shapes, written out: a ReLU stands between any two layers."""
    shapes, before = {}, 1
    for i, block in enumerate(network.NETWORKS[name], start=1):
        channels = network.scale_channels(block.channels, width)
        kernels = [4] * block.upsample + [3] * block.convolutions
        for k, size in enumerate(kernels):
            ends = (before, channels) if size == 4 else (channels, before)
            shapes[f"{prefix}{i}.{2 * k}.weight"] = (*ends, size, size)
            shapes[f"{prefix}{i}.{2 * k}.bias"] = (channels,)
            before = channels
        if not block.upsample:
            stem = f"{prefix}{i}.{2 * len(kernels)}"
            for tensor in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"{stem}.{tensor}"] = (channels,)
            shapes[f"{stem}.num_batches_tracked"] = ()
    return shapes | {f"{out}.weight": (outputs, before, 1, 1), f"{out}.bias": (outputs,)}


def release_shapes(width=WIDTH):
    shapes = sequential_shapes("full", prefix="model", out="model8.6", width=width)
    return shapes | {"model_out.weight": (2, 313, 1, 1)}


def study_shapes(name, **options):
    return sequential_shapes(name, prefix="conv", out="distribution", **options)


def draw(shapes):
    """Variables that keep the scale of what flows through them and leave no bias at 0."""
    rng = np.random.default_rng(0)

    def tensor(name, shape):
        if name.endswith("num_batches_tracked"):
            return np.int64(7)
        if len(shape) == 4:
            fan_in = shape[0] * 4 if shape[2] == 4 else np.prod(shape[1:])
            return rng.normal(0, np.sqrt(2 / fan_in), shape)
        is_scale = "running_var" in name or f"{name[:-6]}running_var" in shapes
        return rng.uniform(0.5, 1.5, shape) if is_scale else rng.normal(0, 0.3, shape)

    drawn = {name: np.asarray(tensor(name, shape), np.float32) for name, shape in shapes.items()}
    if pretrained.DECODE in drawn:
        centers = np.ascontiguousarray(bins.CENTERS.T)
        drawn[pretrained.DECODE] = centers[..., None, None] * np.float32(0.9 / 110)
    return drawn


def torch_output(torch, tensors, name, scale):
    """A function of L 'b 1 h w': what PyTorch's own layers make of tensors in the order given."""
    nn = torch.nn
    values = iter([torch.tensor(x) for k, x in tensors.items() if k != pretrained.DECODE])

    def filled(layer):
        layer.load_state_dict({key: next(values) for key in layer.state_dict()})
        return layer.eval()

    channels = [tensors[k].size for k in tensors if k.endswith(("1.0.bias", ".0.bias"))]
    blocks = []
    for block, (before, c) in zip(network.NETWORKS[name], pairwise([1, *channels]), strict=True):
        if block.upsample:
            blocks += [filled(nn.ConvTranspose2d(before, c, 4, stride=2, padding=1)), nn.ReLU()]
        for i in range(block.convolutions):
            last = i == block.convolutions - 1
            options = {"stride": block.stride if last else 1, "dilation": block.dilation}
            ends = (c if i or block.upsample else before, c)
            blocks += [filled(nn.Conv2d(*ends, 3, padding=block.dilation, **options)), nn.ReLU()]
        if not block.upsample:
            blocks.append(filled(nn.BatchNorm2d(c)))
    outputs = [x for k, x in tensors.items() if k != pretrained.DECODE][-1].size
    blocks.append(filled(nn.Conv2d(channels[-1], outputs, 1)))
    assert next(values, None) is None
    return lambda lightness: nn.Sequential(*blocks)((lightness - 50) / scale)


@pytest.fixture(scope="module")
def release():
    return draw(release_shapes())


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


LIGHTNESS = np.random.default_rng(1).uniform(0, 100, (1, 32, 40, 1)).astype(np.float32)


def test_the_release_colours_as_in_pytorch(torch, release):
    with torch.no_grad():
        L = torch.tensor(LIGHTNESS).permute(0, 3, 1, 2)
        logits = torch_output(torch, release, "full", 100)(L)
        decoded = torch.nn.functional.conv2d(
            logits.softmax(dim=1), torch.tensor(release[pretrained.DECODE])
        )
        expected = 110 * torch.nn.functional.interpolate(decoded, scale_factor=4, mode="bilinear")
    assert expected.std() > 2

    model = pretrained.to_model({k: torch.tensor(x) for k, x in release.items()})
    assert model.description["network"] == "full"
    assert model.description["width"] == WIDTH
    ab = jax.jit(lambda v, x: models.colour(model._replace(variables=v), x, 1.0))(
        model.variables, LIGHTNESS
    )
    scale, origin = np.full(2, 4, np.float32), np.zeros(2, np.float32)
    large = upsample.bilinear(ab[0], scale, origin, (32, 40))
    np.testing.assert_allclose(large, expected[0].permute(1, 2, 0), atol=1e-3)


@pytest.mark.parametrize(("name", "outputs"), [("full", 2), ("simplified", 313)])
def test_the_study_colours_as_in_pytorch(torch, name, outputs):
    tensors = draw(study_shapes(name, outputs=outputs))
    with torch.no_grad():
        expected = torch_output(torch, tensors, name, 50)(
            torch.tensor(LIGHTNESS.transpose(0, 3, 1, 2))
        )
    model = pretrained.to_model(tensors)
    assert model.description["network"] == name
    assert model.target.outputs == outputs
    found = jax.jit(model.network.apply)(model.variables, LIGHTNESS)
    np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1), atol=1e-3)


def empty(shapes):
    """Arrays of these shapes that take no memory."""
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


def test_full_size_has_the_published_number_of_parameters():
    for name, count in {"full": 32_235_385, "simplified": 15_387_513}.items():
        found, variables = pretrained.from_torch(empty(study_shapes(name, width=1.0)))
        assert (found, models.parameter_count(variables)) == (name, count)
    name, variables = pretrained.from_torch(empty(release_shapes(width=1.0)))
    assert (name, models.parameter_count(variables)) == ("full", 32_235_385)


def renamed(tensors, names):
    return {names(k): x for k, x in tensors.items()}


@pytest.mark.parametrize("name", ["full", "simplified"])
def test_other_names_are_read_by_their_order(name):
    tensors = draw(study_shapes(name))
    stems = list(dict.fromkeys(k.rpartition(".")[0] for k in tensors))
    numbered = renamed(
        tensors, lambda k: f"net.{stems.index(k.rpartition('.')[0])}.{k.rpartition('.')[2]}"
    )
    parallel = renamed(tensors, lambda k: f"module.{k}")
    expected = pretrained.from_torch(tensors)
    for other in (numbered, parallel):
        found = pretrained.from_torch(other)
        assert found[0] == expected[0] == name
        jax.tree.map(np.testing.assert_array_equal, found[1], expected[1])


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("name", ["full", "simplified"])
def test_any_width_is_recognised(name, width):
    model = pretrained.to_model(empty(study_shapes(name, width=width)))
    assert (model.description["network"], model.description["width"]) == (name, width)


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
    assert cli.main(["convert", str(path), f"--out={tmp_path / 'cic'}"]) == cli.DONE
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


def without(*names):
    return lambda tensors: {k: x for k, x in tensors.items() if k not in names}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            without("model3.2.weight", "model3.2.bias"),
            "missing: model3.2.weight (32, 32, 3, 3), model3.2.bias (32,)$",
        ),
        (without("model5.6.running_var"), "missing: model5.6.running_var (64,)$"),
        (lambda x: x | {"head.weight": np.zeros((3, 2))}, "left over: head.weight (3, 2)$"),
        (
            lambda x: without("model8.6.bias")(x) | {"model8.6.b": np.zeros(313)},
            "missing: model8.6.bias (313,); left over: model8.6.b (313,)$",
        ),
        (
            lambda x: x | {"model1.0.weight": np.zeros((8, 4, 3, 3))},
            "shape: model1.0.weight is (8, 4, 3, 3), expected (8, 1, 3, 3)$",
        ),
        (lambda x: x | {"model7.0.bias": np.zeros((64, 1))}, "model7.0.bias is (64, 1), expected"),
        (lambda x: {}, "missing: model1.0.weight (64, 1, 3, 3), "),
        (lambda x: x | {"epoch": 3}, "expected tensors, 'epoch' is a int"),
        (lambda x: x | {pretrained.DECODE: np.zeros((2, 5, 1, 1))}, "model_out.weight is (2, 5, 1"),
    ],
)
def test_other_tensors_are_refused_by_name(release, change, message):
    with pytest.raises(pretrained.WeightsError) as error:
        pretrained.to_model(change(release))
    assert re.search(message.replace("(", r"\(").replace(")", r"\)"), str(error.value))
    assert "\n" not in str(error.value)


def test_outputs_of_unknown_meaning_are_refused():
    tensors = draw(study_shapes("simplified", outputs=212))
    assert pretrained.from_torch(tensors)[1]["params"]["out"]["bias"].shape == (212,)
    with pytest.raises(pretrained.WeightsError, match="212 outputs of unknown meaning"):
        pretrained.to_model(tensors)


class Code:
    """A pickle of it creates a file when it is loaded carelessly."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def refused(path, capsys):
    """The one line with which the command refuses a file."""
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(path), f"--out={path.parent / 'out'}"])
    assert stop.value.code == cli.UNUSABLE
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
