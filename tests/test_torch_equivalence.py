"""Networks, losses, gradients and the optimiser against an independent PyTorch implementation.

Gradients are compared in double precision: in single precision some activations of order 1e-7 get
another sign, and each such ReLU moves the gradient by far more than rounding does.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from cic_jax import bins, loss, prior, step
from cic_jax import network as networks

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
import torch_reference as reference  # noqa: E402

CENTERS = torch.tensor(bins.CENTERS)
WEIGHTS = prior.class_weights(prior.IMAGENET)


def variables_of(network, seed=0):
    """Variables in which no bias is 0 and no scale is 1, so that none can be left out unnoticed."""
    rng = np.random.default_rng(seed)

    def draw(path, leaf):
        match path[-1].key:
            case "kernel":
                fan_in = leaf.size / leaf.shape[-1] / (4 if leaf.shape[0] == 4 else 1)
                return rng.normal(0, np.sqrt(2 / fan_in), leaf.shape)
            case "scale" | "var":
                return rng.uniform(0.5, 1.5, leaf.shape)
            case "bias" | "mean":
                return rng.normal(0, 0.2, leaf.shape)

    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    return jax.tree_util.tree_map_with_path(draw, shapes)


def pixels(height, width, seed=1):
    """Random L of two images, and their ab at a quarter of the resolution."""
    rng = np.random.default_rng(seed)
    lightness = rng.uniform(0, 100, (2, height, width, 1))
    return lightness, rng.uniform(-90, 90, (2, -(-height // 4), -(-width // 4), 2))


def nchw(x):
    return torch.tensor(np.asarray(x)).permute(0, 3, 1, 2)


def loss_and_gradient(network, train):
    """Compiled: params, statistics, L, ab -> (loss, (output, new statistics)), gradient."""

    def loss_of(params, batch_stats, lightness, ab):
        variables = {"params": params, "batch_stats": batch_stats}
        output, updated = network.apply(variables, lightness, train, mutable=["batch_stats"])
        if network.outputs == 2:
            return loss.euclidean(output, ab), (output, updated["batch_stats"])
        value = loss.cross_entropy(output, bins.encode(ab), WEIGHTS)
        return value, (output, updated["batch_stats"])

    return jax.jit(jax.value_and_grad(loss_of, has_aux=True))


def torch_loss(output, ab):
    if output.shape[1] == 2:
        return reference.euclidean_loss(output, ab)
    weights = reference.class_weights(torch.tensor(prior.IMAGENET))
    return reference.rebalanced_cross_entropy(output, reference.encode(ab, CENTERS), weights)


def assert_close(actual, expected, tolerance, name):
    """The difference is small beside the whole array."""
    actual, expected = np.asarray(actual, np.float64), expected.detach().double().numpy()
    assert actual.shape == expected.shape, name
    error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
    assert error < tolerance, f"{name}: {error}"


def assert_statistics_close(before, after, twin, size):
    """Both average with momentum; PyTorch's new variance is N / (N - 1) of the biased one."""
    rows, columns = (-(-side // 8) for side in size)
    old, new = (reference.state_dict({}, stats) for stats in (before, after))
    for key, expected in twin.state_dict().items():
        if key.endswith("running_mean"):
            assert_close(new[key], expected, 1e-6, key)
        if key.endswith("running_var"):
            per_side = {"block1": 4, "block2": 2}.get(key.split(".")[0], 1)
            n = 2 * rows * columns * per_side**2
            biased = (expected - 0.9 * old[key]) * (n - 1) / n
            assert_close(new[key] - 0.9 * old[key], biased, 1e-6, key)


@pytest.mark.parametrize(
    ("name", "outputs", "width", "train", "size"),
    [
        ("full", 2, 0.25, True, (37, 64)),
        ("full", 313, 0.25, False, (45, 51)),
        ("full", 313, 1.0, True, (32, 32)),
        ("simplified", 313, 0.25, True, (45, 51)),
        ("simplified", 2, 0.25, False, (64, 40)),
    ],
)
def test_loss_and_all_gradients_agree(name, outputs, width, train, size):
    with jax.enable_x64(True):
        network = networks.create(name, outputs, width, dtype=jnp.float64)
        variables, (lightness, ab) = variables_of(network), pixels(*size)
        params, stats = variables["params"], variables["batch_stats"]
        compiled = loss_and_gradient(network, train)
        (value, (output, updated)), gradient = compiled(params, stats, lightness, ab)

    twin = reference.twin(variables, name, outputs, width, train=train)
    expected = twin(nchw(lightness))
    expected_loss = torch_loss(expected, nchw(ab))
    expected_loss.backward()
    assert_close(output, expected.permute(0, 2, 3, 1), 1e-6, "output")
    assert_close(value, expected_loss, 1e-6, "loss")
    named = reference.state_dict(gradient)
    assert named.keys() == dict(twin.named_parameters()).keys()
    for key, parameter in twin.named_parameters():
        assert_close(named[key], parameter.grad, 1e-4, key)
    if train:
        assert_statistics_close(stats, updated, twin, size)


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("name", "size"), [("full", (61, 50)), ("simplified", (64, 72))])
def test_outputs_agree_in_single_precision(name, size, train):
    network = networks.create(name, width=0.25)
    variables = jax.tree.map(np.float32, variables_of(network))
    lightness = pixels(*size)[0].astype(np.float32)
    apply = jax.jit(lambda *given: network.apply(*given, train, mutable=["batch_stats"])[0])
    twin = reference.twin(variables, name, width=0.25, train=train)
    expected = twin(nchw(lightness)).permute(0, 2, 3, 1)
    assert_close(apply(variables, lightness), expected, 1e-4, "output")


def test_twenty_steps_of_the_optimiser_agree():
    """Every array ends where it should, to a hundred-thousandth of the way it went."""
    rate, size = 3.16e-5, (24, 32)
    with jax.enable_x64(True):
        network = networks.create("full", width=0.125, dtype=jnp.float64)
        variables, optimizer = variables_of(network), step.adam(rate)
        params, stats = variables["params"], variables["batch_stats"]
        moments, compiled = optimizer.init(params), loss_and_gradient(network, True)
        update = jax.jit(optimizer.update)
        for seed in range(20):
            (_, (_, stats)), gradient = compiled(params, stats, *pixels(*size, seed))
            updates, moments = update(gradient, moments, params)
            params = optax.apply_updates(params, updates)

    twin = reference.twin(variables, "full", width=0.125, train=True)
    twin_optimizer = reference.adam(twin, rate)
    for seed in range(20):
        lightness, ab = map(nchw, pixels(*size, seed))
        twin_optimizer.zero_grad()
        torch_loss(twin(lightness), ab).backward()
        twin_optimizer.step()
    before, after = reference.state_dict(variables["params"]), reference.state_dict(params)
    for key, parameter in twin.named_parameters():
        assert_close(after[key] - before[key], parameter - before[key], 1e-5, key)


@pytest.mark.parametrize(
    ("name", "outputs", "count"),
    [("full", 313, 32_235_385), ("full", 2, 32_155_458), ("simplified", 313, 15_387_513)],
)
def test_parameter_counts_are_the_published_ones(name, outputs, count):
    network = networks.create(name, outputs)
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes["params"])) == count
    with torch.device("meta"):
        twin = reference.Network(name, outputs)
    assert sum(parameter.numel() for parameter in twin.parameters()) == count


@pytest.mark.parametrize("temperature", [0.05, 0.38, 1.0])
def test_decoding_and_rebalancing_agree(temperature):
    logits = np.random.default_rng(2).normal(0, 4, (2, 5, 6, 313)).astype(np.float32)
    expected = reference.annealed_mean(nchw(logits), CENTERS, temperature).permute(0, 2, 3, 1)
    np.testing.assert_allclose(jax.jit(bins.decode)(logits, temperature), expected, atol=1e-3)
    weights = reference.class_weights(torch.tensor(prior.IMAGENET))
    np.testing.assert_allclose(WEIGHTS, weights, rtol=1e-6)
