"""Inference beside the network applied: by groups of photographs, and on batches from the host."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from cic_jax import convolutions, haste, inference, kept, network, passes
from cic_jax.convolutions import schedule

NET = network.create("simplified", width=0.05)
X = np.random.default_rng(0).uniform(0, 100, (5, 24, 32, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def variables():
    return jax.jit(NET.init)(jax.random.key(0), X[:1])


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
@pytest.mark.parametrize("batch", [1, 5])
def test_it_gives_what_the_network_does_however_many_cores_there_are(
    variables, batch, cores, monkeypatch
):
    monkeypatch.setattr(schedule.os, "cpu_count", lambda: cores)
    found = inference.compiled(NET, variables)(X[:batch])
    expected = jax.jit(NET.apply)(variables, X[:batch])
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_parts_keep_their_order_and_what_fails_in_one_is_raised():
    x = np.arange(7.0)[:, None, None, None]
    np.testing.assert_array_equal(convolutions.by_cores(lambda part: 2 * part, x), 2 * x)

    def refuse(part):
        if 6.0 in part:
            raise ValueError("no sixes")
        return part

    with pytest.raises(ValueError, match="no sixes"):
        convolutions.by_cores(refuse, x)


def random(count, height, width):
    key = jax.random.key(0)
    return 100 * jax.random.uniform(key, (count, height, width, 1))


@pytest.mark.parametrize("name", network.NETWORKS)
def test_inference_is_the_network_applied(name):
    """For any number of photographs, those left over from a group included, of any size."""
    net = network.create(name, width=0.05)
    L = random(6, 19, 30)
    variables = jax.jit(net.init)(jax.random.key(1), L)
    expected = jax.jit(net.apply)(variables, L)
    found = inference.infer(net, variables, L)
    assert found.shape == (6, 5, 8, 313)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_inference_of_any_module():
    class Mean(nn.Module):
        @nn.compact
        def __call__(self, L, train=False):
            scale = self.param("scale", nn.initializers.ones, ())
            return scale * jnp.mean(L, axis=(1, 2), keepdims=True)

    net, L = Mean(), random(7, 8, 8)
    variables = jax.jit(net.init)(jax.random.key(0), L)
    np.testing.assert_allclose(
        inference.infer(net, variables, L), net.apply(variables, L), rtol=1e-6
    )


def test_the_kernels_of_any_network_are_transformed():
    """Not of `Network` alone: a backbone of one's own is as quick, wherever its layers are."""

    class Residual(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x + network.Convolution(64, engine="fast", name="inner")(x)

    class Backbone(nn.Module):
        @nn.compact
        def __call__(self, L, train=False):
            x = network.Convolution(64, stride=2, engine="fast")(L / 50 - 1)
            x = Residual(name="residual")(x)
            return nn.Dense(5)(x[:, ::2, ::2])

    net, L = Backbone(), random(2, 16, 24)
    variables = jax.jit(net.init)(jax.random.key(0), L)
    prepared = inference.prepare(net, variables)
    kernel = prepared["params"]["residual"]["inner"]["kernel"]
    assert isinstance(kernel, convolutions.TransformedKernel)
    found = inference.infer(net, prepared, L)
    np.testing.assert_allclose(found, jax.jit(net.apply)(variables, L), atol=1e-4)


def test_faster_programs_follow_the_one_that_is_there_at_once(monkeypatch):
    """Where a shape's photographs have earned them; the results are the same."""
    rows = ({"stride": 2}, {}, {"dilation": 2}, {"upsample": True})
    net = network.Network(tuple(network.Block(1, 64, **row) for row in rows))
    L = np.asarray(random(1, 32, 32))
    variables = jax.jit(net.init)(jax.random.key(1), L)
    monkeypatch.setattr(passes, "EARNED", (0.0, 0.0, 0.0))
    forward = inference.immediate(net, variables, photographs=1)
    expected = jax.jit(net.apply)(variables, L)
    for stage in range(3):
        np.testing.assert_allclose(forward(L), expected, atol=1e-5 * np.abs(expected).max())
        forward._compiling.join()
        assert list(forward._stage.values()) == [min(stage + 1, 2)]


def test_a_shape_begins_with_the_program_that_an_earlier_process_earned(
    variables, monkeypatch, tmp_path
):
    """Another object stands in for another process."""
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    monkeypatch.setattr(passes, "EARNED", (0.0, 0.0, 9e9))
    first = inference.immediate(NET, variables, 1, name="one")
    first(X[:1])
    first._compiling.join()
    later = inference.immediate(NET, variables, 1, name="one")
    shape = jax.ShapeDtypeStruct(X[:1].shape, X.dtype)
    later.prepare(shape)
    assert list(later._stage.values()) == [1]
    np.testing.assert_array_equal(later(X[:1]), first(X[:1]))


@pytest.mark.parametrize(("photographs", "first"), [(1, 0), (7, 0), (8, 1), (1000, 1)])
def test_many_photographs_begin_with_the_program_that_is_there_soon(variables, photographs, first):
    forward = inference.immediate(NET, variables, photographs)
    forward.prepare(jax.ShapeDtypeStruct(X[:1].shape, X.dtype))
    assert list(forward._stage.values()) == [first]


def test_no_shape_drives_out_the_faster_program_of_another(variables, monkeypatch):
    monkeypatch.setattr(passes, "EARNED", (0.0, 0.0, 9e9))
    monkeypatch.setattr(passes, "KEPT", 1)
    forward = inference.immediate(NET, variables, photographs=1)
    for width in (24, 32, 24, 32):
        forward(X[:1, :, :width])
        forward._compiling.join()
    assert sorted(forward._stage.values()) == [0, 1]


@pytest.mark.parametrize("level", [haste.THOROUGH, haste.SOON, haste.AT_ONCE])
def test_haste_changes_no_result(variables, level):
    hasty = convolutions.jit_inference(NET.apply, haste=level)
    expected = jax.jit(NET.apply)(variables, X)
    np.testing.assert_allclose(hasty(variables, X), expected, atol=1e-5 * np.abs(expected).max())


def test_haste_is_for_cpus_alone(monkeypatch):
    """Other backends do not know the CPU's options."""
    assert haste.options(haste.AT_ONCE)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert haste.options(haste.AT_ONCE) == {}


def test_few_photographs_take_the_quick_program(variables):
    forward = inference.immediate(NET, variables, photographs=1)
    expected = jax.jit(NET.apply)(variables, X[:1])
    for _ in range(2):
        found = forward(X[:1])
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert forward._compiling is None


def test_an_engine_that_was_asked_for_is_kept(variables):
    forward = inference.immediate(NET.clone(convolution="direct"), variables)
    assert not isinstance(forward, passes.Immediate)


def bfloat16_net():
    """A network with every kind of layer whose products the fast engine rounds."""
    rows = ({"stride": 2}, {})
    return network.Network(tuple(network.Block(1, 64, **row) for row in rows), outputs=64)


@pytest.mark.parametrize("engine", ["fast", "quick", "direct", "gpu"])
def test_bfloat16_is_near_float32_in_every_engine(engine):
    """Products of bfloat16, and activations too; float16 activations likewise."""
    net, L = bfloat16_net().clone(convolution=engine), np.asarray(random(1, 16, 16))
    variables = jax.jit(net.init)(jax.random.key(1), L)
    expected = jax.jit(net.apply)(variables, L)

    def error(network, precision):
        found = inference.compiled(network, variables, precision=precision)(L)
        assert found.dtype == np.float32
        return np.linalg.norm(found - expected) / np.linalg.norm(expected)

    assert 1e-4 < error(net, "bfloat16") < 0.05
    assert 1e-4 < error(net.clone(dtype=jnp.bfloat16), "float32") < 0.05
    assert 1e-5 < error(net.clone(dtype=jnp.float16), "float32") < 0.01


def test_the_fast_engine_multiplies_in_bfloat16_and_keeps_the_rest():
    net, L = bfloat16_net().clone(convolution="fast"), random(1, 16, 16)
    variables = jax.jit(net.init)(jax.random.key(0), L)
    params = inference.prepare(net, variables, precision="bfloat16")["params"]
    for kernel in (params["block2"]["conv1"]["kernel"], params["out"]["kernel"]):
        assert kernel.panels[0][0][0].dtype == jnp.bfloat16
        assert kernel.kernel.dtype == jnp.float32


@pytest.mark.parametrize("instructions", [True, False])
def test_auto_is_what_the_processor_multiplies(instructions, monkeypatch):
    monkeypatch.setattr(inference.machine, "multiplies_bfloat16", lambda: instructions)
    fast = bfloat16_net().clone(convolution="fast")
    expected = "bfloat16" if instructions else "float32"
    assert inference.resolve_precision("auto", fast) == expected
    assert inference.resolve_precision("auto", fast.clone(convolution="direct")) == "float32"
    assert inference.resolve_precision("float32", fast) == "float32"


def test_another_precision_is_refused(variables):
    with pytest.raises(ValueError, match="auto, float32, bfloat16; got 'float16'"):
        inference.immediate(NET, variables, precision="float16")

    class Plain(nn.Module):
        def __call__(self, L, train=False):
            return L

    with pytest.raises(ValueError, match="float32 alone; got bfloat16"):
        inference.compiled(Plain(), {}, precision="bfloat16")
