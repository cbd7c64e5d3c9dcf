"""Released, converted and trained checkpoints leave JAX alike, in every format."""

import json
import sys

import jax
import jaxtyping
import numpy as np
import pytest
import safetensors.numpy
from flax.traverse_util import unflatten_dict
from jax import export
from tiny_models import tiny_model
from torch_weights import draw, study_shapes

from cic_jax import checkpoint, model, step
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.export.session import HINTS
from cic_jax.hints import Hints

for name in ("flatbuffers", "onnx", "onnxruntime", "openvino"):
    if name == "openvino":
        # It would report every use to its maker; without this module it cannot.
        sys.modules["openvino_telemetry"] = None
    pytest.importorskip(name, reason=f"{name} is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*SwigPy:DeprecationWarning")]
CLOSE = 1e-4  # of the largest logit


def released(folder, name):
    return name


def converted(folder, name):
    weights = folder / "weights.safetensors"
    safetensors.numpy.save_file(draw(study_shapes(name)), weights)
    assert main(["convert", str(weights), f"--out={folder / 'converted'}"]) == console.DONE
    return folder / "converted"


def trained(folder, name):
    built = tiny_model(gain=30.0)
    optimizer = step.adam(1e-3).init(built.variables["params"])
    (folder / "run").mkdir()
    (folder / "run" / "config.json").write_text('{"train": {"best_metric": "loss"}}')
    with checkpoint.manager(folder / "run") as manager:
        saved = built.variables, optimizer
        checkpoint.save(manager, 1, saved, built.description, {"loss": 1.0})
    return folder / "run"


KINDS = [
    (released, "everyday"),
    (released, "simplified_final"),
    (converted, "full"),
    (trained, "simplified"),
]


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_logits_are_those_of_the_checkpoint_in_every_format(kind, name, tmp_path, monkeypatch):
    import onnxruntime
    import openvino

    path = str(kind(tmp_path, name))
    own = checkpoint.load(path)
    lightness = np.float32(np.random.default_rng(0).uniform(0, 100, (1, 64, 128, 1)))
    bins = own.target.outputs
    shapes = [(1, 1, 2), (1, 1, 2), (1, 1), (1, bins)] if name == "everyday" else []
    values = (0.3, 20.0, 1.0, 1 / bins)  # the place, the colour, that it is given, the palette
    known = [np.full(x, value, np.float32) for x, value in zip(shapes, values, strict=False)]
    network = own.network.clone(convolution="direct")
    options = {"hints": Hints(*known)} if known else {}
    expected = np.asarray(jax.jit(network.apply)(own.variables, lightness, **options))

    def agrees(logits):
        assert np.max(np.abs(logits - expected)) < CLOSE * np.max(np.abs(expected))

    files = {
        suffix: tmp_path / f"model.{suffix}" for suffix in ("onnx", "stablehlo", "safetensors")
    }
    # Sizes are symbols while a network is exported, but signatures say int.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    for file in files.values():
        assert main(["export", path, f"--out={file}"]) == console.DONE
    monkeypatch.undo()

    arrays = dict(zip(HINTS, known, strict=bool(known)))
    arrays |= {"lightness": lightness.transpose(0, 3, 1, 2)}
    arrays |= {"temperature": 0.38, "saturation": 1.0, "tau": 0.0}
    session = onnxruntime.InferenceSession(files["onnx"])
    feed = {x.name: np.asarray(arrays[x.name], np.float32) for x in session.get_inputs()}
    agrees(session.run(["logits"], feed)[0].transpose(0, 2, 3, 1))
    core = openvino.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(files["onnx"]), "CPU", exact)
    agrees(compiled(feed)["logits"].transpose(0, 2, 3, 1))

    agrees(export.deserialize(bytearray(files["stablehlo"].read_bytes())).call(lightness, *known))

    with safetensors.safe_open(files["safetensors"], "numpy") as file:
        description = json.loads(file.metadata()["description"])
    saved = unflatten_dict(safetensors.numpy.load_file(files["safetensors"]), sep=".")
    rebuilt = model.build(description, saved)
    jax.tree.map(np.testing.assert_array_equal, rebuilt.variables, own.variables)
