"""Every engine computes what XLA's own convolution computes, and has its gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cic_jax import convolutions, inference, network
from cic_jax.convolutions import TransformedKernel, winograd

KINDS = {
    "plain": {},
    "halving": {"stride": 2},
    "dilated by 2": {"dilation": 2},
    "dilated by 3": {"dilation": 3},
}
CHANNELS = {"direct": (8, 16), "winograd": (64, 72)}
SIZES = ((8, 8), (9, 13), (1, 6))
REWRITTEN = ("fast", "gpu")
ON_A_CPU = pytest.mark.skipif(jax.default_backend() != "cpu", reason="what is done on a CPU alone")


def arrays(size, channels, kernel_size, dtype=jnp.float32):
    """x, a kernel, and the weights of a sum over the outputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size, channels[0]))
    kernel = rng.normal(size=(kernel_size, kernel_size, *channels)) / channels[0] ** 0.5
    return jnp.asarray(x, dtype), jnp.asarray(kernel, dtype)


def value_and_gradients(function, x, kernel, engine):
    """The outputs, and the gradients of a random sum of them by x, the kernel and a bias."""
    bias = jnp.asarray(np.random.default_rng(2).normal(size=kernel.shape[-1]), kernel.dtype)
    y, pull = jax.vjp(partial(function, engine=engine), x, kernel, bias)
    return y, *pull(jnp.asarray(np.random.default_rng(1).normal(size=y.shape), y.dtype))


def difference(ours, theirs):
    """The largest, relative to the largest value."""
    ours, theirs = (np.asarray(a, np.float64) for a in (ours, theirs))
    assert ours.shape == theirs.shape
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


@pytest.mark.parametrize("engine", REWRITTEN)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_convolutions(kind, channels, size, engine):
    convolve = partial(convolutions.convolve, **kind)
    x, kernel = arrays(size, channels, 3)
    found = value_and_gradients(convolve, x, kernel, engine)
    direct = value_and_gradients(convolve, x, kernel, "direct")
    assert max(map(difference, found, direct)) < 2e-5


@pytest.mark.parametrize("engine", REWRITTEN)
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_one_channel_and_one_tap(kernel_size, engine):
    x, kernel = arrays((9, 12), (1, 16), kernel_size)
    found = value_and_gradients(convolutions.convolve, x, kernel, engine)
    direct = value_and_gradients(convolutions.convolve, x, kernel, "direct")
    assert max(map(difference, found, direct)) < 2e-5


@pytest.mark.parametrize("engine", REWRITTEN)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
def test_transposed_convolutions(channels, size, engine):
    x, kernel = arrays(size, channels, 4)
    found = value_and_gradients(convolutions.convolve_transposed, x, kernel, engine)
    direct = value_and_gradients(convolutions.convolve_transposed, x, kernel, "direct")
    assert found[0].shape[1:3] == (2 * size[0], 2 * size[1])
    assert max(map(difference, found, direct)) < 2e-5


@pytest.mark.parametrize(
    ("channels", "cut", "panels"),
    [((128, 136), True, 1), ((320, 264), True, 2), ((320, 264), False, 1)],
)
@pytest.mark.parametrize("size", SIZES)
def test_a_transformed_kernel_gives_the_same(size, channels, cut, panels):
    for stride in (1, 2):
        x, kernel = arrays(size, channels, 3)
        transformed = convolutions.transform(kernel, stride=stride, engine="fast", panels=cut)
        assert isinstance(transformed, TransformedKernel)
        assert len(transformed.panels) == panels
        convolve = partial(convolutions.convolve, x, stride=stride)
        agree(convolve, kernel, transformed)
    x, kernel = arrays(size, (64, 72), 4)
    transformed = convolutions.transform(kernel, engine="fast")
    assert isinstance(transformed, TransformedKernel)
    agree(partial(convolutions.convolve_transposed, x), kernel, transformed)


def agree(convolve, kernel, transformed):
    """A transformed kernel gives what the plain one does, by every engine."""
    expected = convolve(kernel, engine="direct")
    for engine in ("fast", "gpu", "direct"):
        assert difference(convolve(transformed, engine=engine), expected) < 2e-5


def test_a_transformed_kernel_in_half_precision_is_the_plain_one():
    """Its transform would magnify the rounding."""
    x, kernel = arrays((8, 8), (64, 64), 3)
    transformed = convolutions.transform(kernel, engine="fast")
    half = transformed.astype(jnp.bfloat16)
    assert not isinstance(half, TransformedKernel)
    found = convolutions.convolve(x.astype(jnp.bfloat16), half, engine="fast")
    assert difference(found, convolutions.convolve(x, kernel, engine="direct")) < 0.02


def test_what_the_algorithm_does_not_suit_is_not_transformed():
    few, half = arrays((8, 8), (32, 64), 3)[1], arrays((8, 8), (64, 64), 3, jnp.bfloat16)[1]
    narrow, whole = jnp.ones((3, 3, 64, 128)), half.astype(jnp.float32)
    assert convolutions.transform(few, engine="fast") is few
    assert convolutions.transform(half, engine="fast") is half
    assert convolutions.transform(narrow, stride=2, engine="fast") is narrow
    assert convolutions.transform(whole, engine="direct") is whole


def test_the_transposed_convolution_is_the_adjoint_of_stride_2():
    x, kernel = arrays((8, 10), (64, 64), 4)
    y = jnp.asarray(np.random.default_rng(2).normal(size=(2, 16, 20, 64)), jnp.float32)
    doubled = convolutions.convolve_transposed(x, kernel, engine="fast")
    pad = ((1, 1), (1, 1))
    layout = ("NHWC", "HWIO", "NHWC")
    turned = kernel.swapaxes(2, 3)
    halved = jax.lax.conv_general_dilated(y, turned, (2, 2), pad, dimension_numbers=layout)
    np.testing.assert_allclose(jnp.vdot(doubled, y), jnp.vdot(x, halved), rtol=1e-4)


@pytest.mark.parametrize("engine", [*REWRITTEN, "direct"])
def test_half_precision_is_kept(engine):
    x, kernel = arrays((8, 8), (64, 64), 3, jnp.bfloat16)
    found = value_and_gradients(convolutions.convolve, x, kernel, engine)
    assert {a.dtype for a in found} == {jnp.dtype(jnp.bfloat16)}
    exact = arrays((8, 8), (64, 64), 3)
    reference = value_and_gradients(convolutions.convolve, *exact, "direct")
    assert max(map(difference, found, reference)) < 0.02


@pytest.mark.parametrize(("kind", "stride"), [("same", 1), ("halve", 2)])
def test_winograd_filters_exactly(kind, stride):
    """In double precision, by the definition: one tile, one channel."""
    by = winograd.KINDS[kind]()
    tile, kernel = tile_and_kernel(by)
    offsets = stride * np.arange(4)
    expected = sum(
        kernel[u, v] * tile[np.ix_(u + offsets, v + offsets)] for u in range(3) for v in range(3)
    )
    np.testing.assert_allclose(filtered(by, tile, kernel), expected, atol=1e-12)


def test_winograd_doubles_exactly():
    """Input i adds kernel[u] to output 2 i + u - 1 along either axis; a tile begins with i = -1."""
    by = winograd.KINDS["double"]()
    tile, kernel = tile_and_kernel(by)
    spread = np.zeros((16, 16))  # from output -3 on
    for i, j in np.ndindex(tile.shape):
        spread[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += tile[i, j] * kernel
    np.testing.assert_allclose(filtered(by, tile, kernel), spread[3:11, 3:11], atol=1e-12)


def tile_and_kernel(by):
    rng = np.random.default_rng(0)
    sizes = by.input.shape[1], by.kernel.shape[1]
    return tuple(rng.normal(size=(size, size)) for size in sizes)


def filtered(by, tile, kernel):
    factors = (by.kernel @ kernel @ by.kernel.T)[np.ix_(by.shares, by.shares)]
    return by.output @ (factors * (by.input @ tile @ by.input.T)) @ by.output.T


@pytest.fixture(scope="module")
def directly():
    """A network at the width of the study, where every kind of layer takes its fast way.

    An input, the variables, the function that gives loss, logits and gradients, and what it gives
    for the direct convolution. The full network has the same kinds, and takes twice as long to
    compile.
    """
    x = jnp.asarray(np.random.default_rng(0).uniform(0, 100, (1, 40, 48, 1)), jnp.float32)
    direct = network.create("simplified", convolution="direct")
    variables = jax.jit(direct.init)(jax.random.key(0), x)
    out = variables["params"]["out"]
    out["kernel"] = 10 * out["kernel"]  # logits as large as a trained network's

    def loss(params, net):
        logits = net.apply({**variables, "params": params}, x)
        return jnp.mean(jax.nn.logsumexp(logits, axis=-1) - logits[..., 7]), logits

    both = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=1)
    return x, variables, both, both(variables["params"], direct)


@pytest.mark.slow
@pytest.mark.parametrize("engine", REWRITTEN)
def test_the_network(engine, directly):
    """Logits within 1e-4 of the direct convolution's and gradients within 1e-3, prepared or not."""
    x, variables, both, ((_, theirs), their_gradients) = directly
    net = network.create("simplified", convolution=engine)
    (_, ours), our_gradients = both(variables["params"], net)
    assert difference(ours, theirs) < 1e-4
    differences = jax.tree.map(difference, our_gradients, their_gradients)
    assert max(jax.tree.leaves(differences)) < 1e-3
    prepared = inference.prepare(net, variables)
    kernel = prepared["params"]["block8"]["deconv"]["kernel"]
    assert isinstance(kernel, TransformedKernel) == (engine == "fast")
    assert difference(convolutions.jit_inference(net.apply)(prepared, x), theirs) < 1e-4


@ON_A_CPU
def test_inference_is_compiled_without_ynnpack():
    """When XLA no longer takes it by default, `jit_inference` has no reason to be."""
    x, kernel = arrays((16, 16), (32, 32), 3)

    def products(jit):
        text = jit(partial(convolutions.convolve, engine="direct")).lower(x, kernel).compile()
        return text.as_text()

    assert "ynn_fusion" in products(jax.jit)
    assert "ynn_fusion" not in products(convolutions.jit_inference)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="auto, fast, gpu, direct, quick; got 'slow'"):
        convolutions.convolve(*arrays((8, 8), (8, 8), 3), engine="slow")


@ON_A_CPU
@pytest.mark.parametrize("count", [1, 4, 8, 10])
def test_groups_of_images_are_all_of_them_in_their_order(count):
    x = jax.random.normal(jax.random.key(0), (count, 5, 6, 2))
    seen = []

    def apply(x):
        seen.append(len(x))
        return 2.0 * x[:, ::2]

    np.testing.assert_array_equal(convolutions.by_groups(apply, x, 4), 2.0 * x[:, ::2])
    assert max(seen) <= 4


@pytest.mark.parametrize(
    ("engine", "size", "seen"),
    [
        ("fast", (6, 8), (8, 3, 4, 8, 1)),
        ("fast", (6, 7), (2, 6, 7, 8, 2)),  # would be filled up: each convolution alone
        ("direct", (6, 8), (2, 6, 8, 8, 2)),
    ],
)
def test_convolutions_of_one_dilation_take_an_image_apart_once(engine, size, seen):
    x, kernel = arrays(size, (8, 8), 3)
    shapes = []

    def apply(kernel, bias, engine, x, dilation):
        shapes.append((*x.shape, dilation))
        for _ in range(2):
            y = convolutions.convolve(x, kernel, bias, dilation=dilation, engine=engine)
            x = jax.nn.relu(y)
        return x

    def by_phases(x, kernel, bias, engine):
        return convolutions.by_phases(partial(apply, kernel, bias, engine), x, 2, engine=engine)

    found = value_and_gradients(by_phases, x, kernel, engine)
    assert shapes == [seen]
    direct = value_and_gradients(
        lambda x, kernel, bias, engine: apply(kernel, bias, engine, x, 2), x, kernel, "direct"
    )
    assert max(map(difference, found, direct)) < 2e-5
