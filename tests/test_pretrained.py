"""Weights of PyTorch networks, rebuilt here with random variables, colour alike once converted."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from torch_weights import WIDTH, draw, release_shapes, renamed, study_shapes, torch_output

from cic_jax import inference, pretrained
from cic_jax import model as models
from cic_jax.read_out import upsample

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
    output = inference.compiled(model.network, model.variables)(LIGHTNESS)
    ab = model.target.to_ab(jnp.asarray(output), 1.0)
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
