"""An exported graph computes what the network does, in ONNX Runtime and in OpenVINO."""

import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_models import tiny_lite, tiny_model

from cic_jax import bins, hints, model, prior, read_out
from cic_jax.configs import default
from cic_jax.export.session import HINTS
from cic_jax.target import Palette

onnx_model = pytest.importorskip("cic_jax.export.onnx_model", exc_type=ImportError)
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

SIZES = [(1, 64, 96), (2, 37, 50)]  # photographs, height, width
CLOSE = 1e-4  # of the largest logit


def tiny_full():
    description = model.describe("full", width=0.05, lightness_scale=100.0)
    rng = np.random.default_rng(3)

    def random(path, shape):
        if path[-1].key == "kernel":
            return rng.normal(0, (2 / np.prod(shape.shape[:3])) ** 0.5, shape.shape)
        return rng.uniform(0.5, 1.5, shape.shape)  # statistics that matter, too

    variables = jax.tree.map(np.float32, jax.tree.map_with_path(random, model.shapes(description)))
    return model.build(description, variables)


def with_statistics(built):
    """The model with statistics of normalisation that are not those of untrained networks."""
    rng = np.random.default_rng(4)
    drawn = jax.tree.map(
        lambda x: np.float32(rng.uniform(0.5, 1.5, x.shape)), built.variables["batch_stats"]
    )
    return built._replace(variables={**built.variables, "batch_stats": drawn})


MODELS = {
    "full": tiny_full,
    "simplified": lambda: with_statistics(tiny_model(gain=30.0)),
    "lite": lambda: with_statistics(tiny_lite()),
}


@pytest.fixture(scope="module", params=MODELS)
def exported(request):
    built = MODELS[request.param]()
    return built, onnx_model.onnx_model(built, "logits").SerializeToString()


def drawn(built, photographs, h, w, places=3):
    """Lightness, and hints for a network that takes them, the last of which counts for nothing."""
    rng = np.random.default_rng(h)
    lightness = np.float32(rng.uniform(0, 100, (photographs, h, w, 1)))
    if built.description["network"] != "lite":
        return lightness, None
    place = rng.uniform(0, 1, (photographs, places, 2))
    ab = rng.uniform(-60, 60, (photographs, places, 2))
    given = np.ones((photographs, places))
    given[:, -1] = 0
    palette = rng.dirichlet(np.ones(built.target.outputs), photographs)
    return lightness, hints.Hints(*(jnp.float32(x) for x in (place, ab, given, palette)))


def feed(lightness, known, **numbers):
    arrays = {"lightness": np.ascontiguousarray(lightness.transpose(0, 3, 1, 2))}
    arrays |= {name: np.array(x, np.float32) for name, x in numbers.items()}
    return arrays | ({} if known is None else dict(zip(HINTS, map(np.asarray, known), strict=True)))


def logits(built, lightness, known):
    network = built.network.clone(convolution="direct")
    options = {} if known is None else {"hints": known}
    return np.asarray(jax.jit(network.apply)(built.variables, lightness, **options))


def in_onnx_runtime(file):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def run(arrays, output):
        return session.run([output], arrays)[0].transpose(0, 2, 3, 1)

    return run


def in_openvino(file):
    # OpenVINO would report every use to its maker; without this module it cannot.
    sys.modules["openvino_telemetry"] = None
    openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    core = openvino.Core()
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(file), "CPU", options)

    def run(arrays, output):
        return compiled(arrays)[output].transpose(0, 2, 3, 1)

    return run


@pytest.mark.filterwarnings("ignore:.*SwigPy:DeprecationWarning")
def test_logits_at_any_size(exported):
    built, file = exported
    runs = [runtime(file) for runtime in (in_onnx_runtime, in_openvino)]
    for size in SIZES:
        lightness, known = drawn(built, *size)
        expected = logits(built, lightness, known)
        for run in runs:
            computed = run(feed(lightness, known), "logits")
            assert computed.shape == expected.shape
            error = np.max(np.abs(computed - expected)) / np.max(np.abs(expected))
            assert error < CLOSE


def with_read_out(**colour):
    """A model whose prior is known and whose colours are strong, of that read-out."""
    palette = Palette(bins.CENTERS, prior.IMAGENET, None)
    return tiny_model(gain=30.0, palette=palette, config={"colour": colour})


READ_OUTS = {
    "everything": lambda: with_read_out(possible=True, doubt=0.5, saturation=1.3, tau=0.25),
    "nothing": lambda: tiny_model(gain=30.0),
    "ab itself": lambda: tiny_model(gain=3.0, centers=None),
}


def padded_to(multiple, lightness):
    h, w = lightness.shape[1:3]
    edges = ((0, 0), (0, -h % multiple), (0, -w % multiple), (0, 0))
    return np.pad(lightness, edges, mode="edge")


@pytest.mark.parametrize("case", READ_OUTS)
@pytest.mark.filterwarnings("ignore:.*SwigPy:DeprecationWarning")
def test_colour_of_every_pixel(case):
    built = READ_OUTS[case]()
    file = onnx_model.onnx_model(built, "ab").SerializeToString()
    lightness, _ = drawn(built, *SIZES[1])
    h, w = lightness.shape[1:3]
    padded = padded_to(4, lightness)
    output = logits(built, padded_to(64, lightness), None)[:, : -(-h // 4), : -(-w // 4)]
    config = default.completed(built.description["config"])
    own = read_out.from_config(config.colour)
    colour = jax.jit(jax.vmap(partial(read_out.pixel_ab, built.target), (0, 0, None)))
    names = {x.name for x in onnxruntime.InferenceSession(file).get_inputs()}
    for run, temperature in ((in_onnx_runtime(file), 0.38), (in_openvino(file), 0.0)):
        settings = own._replace(temperature=temperature, saturation=own.saturation * 0.9)
        expected = colour(output, padded, read_out.traced(settings))[:, :h, :w]
        numbers = {"temperature": temperature, "tau": own.tau, "saturation": 0.9}
        given = {name: x for name, x in numbers.items() if name in names}
        computed = run(feed(lightness, None, **given), "ab")
        assert np.max(np.abs(expected)) > 10
        np.testing.assert_allclose(computed, expected, atol=0.01)


def test_a_network_of_ones_own_is_refused():
    built = tiny_model()
    built.description["factories"] = {"network": "own:patches"}
    with pytest.raises(
        onnx_model.ExportError, match="full, simplified, lite; this one was built by own:p"
    ):
        onnx_model.onnx_model(built)
