"""The work that is timed, as this package does it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cic_jax import bins, convolutions, inference, lab
from cic_jax.benchmark import work
from cic_jax.benchmark.work import CLASS_WEIGHTS, NEIGHBORS, SIGMA, Case
from cic_jax.loss import cross_entropy
from cic_jax.network import ConvolutionBlock
from cic_jax.step import downsample, init, train_step, train_steps
from cic_jax.target import distribution
from cic_jax.train.crop import random_crop
from cic_jax.train.optimizer import adam

WHOLE = "whole step"
PARTS = ("crop and Lab", "encoding", "loss and its gradient")


def forward(case: Case, precision: str = "float32") -> Callable[[], np.ndarray]:
    """Prepare a forward pass; the run returns the logits of `work.lightness(case)`."""
    network, variables = case.create()
    compiled = inference.compiled(network, variables, precision=precision)
    return partial(compiled, work.lightness(case))


def training(case: Case) -> Callable[[], float]:
    """Prepare `case.steps` steps in one dispatch; the run returns the last loss.

    It does what experiments/train.py does on one device.
    """
    network, _ = case.create()
    optimizer = adam(3.16e-5)
    step = partial(
        train_step,
        network=network,
        target=distribution(class_weights=CLASS_WEIGHTS),
        optimizer=optimizer,
        augment=partial(random_crop, size=case.size),
    )
    update = jax.jit(partial(train_steps, step=step), donate_argnums=0)
    state = init(jax.random.key(0), network, optimizer)
    photos, rows = jax.device_put((case.photographs(), case.rows()))
    key = jax.random.key(1)

    def run():
        nonlocal state
        state, values = update(state, photos, rows, key)
        return float(values[-1])

    return run


def parts(case: Case) -> dict[str, Callable[[], Any]]:
    """Prepare a whole step and, by name, its parts around the network, each on its own."""
    photos = jax.device_put(case.photographs()[: case.batch])
    key = jax.random.key(1)

    @jax.jit
    def inputs(photos):
        crops = random_crop(key, photos, case.size).astype(jnp.float32) / 255.0
        pixels = lab.rgb_to_lab(crops)
        return pixels[..., :1], downsample(pixels[..., 1:])

    encode = jax.jit(partial(bins.encode, neighbors=NEIGHBORS, sigma=SIGMA))
    loss = partial(cross_entropy, class_weights=CLASS_WEIGHTS)
    gradient = jax.jit(jax.value_and_grad(loss))
    ab = inputs(photos)[1]
    encoded = encode(ab)
    logits = jax.device_put(work.output_arrays(case)[0])
    runs = (
        lambda: jax.block_until_ready(inputs(photos)),
        lambda: jax.block_until_ready(encode(ab)),
        lambda: jax.block_until_ready(gradient(logits, encoded)),
    )
    return {WHOLE: training(case), **dict(zip(PARTS, runs, strict=True))}


def block_gradient(case: Case, number: int) -> Callable[[], Any]:
    """Prepare one block forward and backward, on random activations."""
    block = case.blocks[number - 1]
    module = ConvolutionBlock(block, block.channels, jnp.dtype(case.dtype))
    _, variables = case.create()
    name = f"block{number}"
    params = variables["params"][name]
    rest = {"batch_stats": variables["batch_stats"].get(name, {})}
    x, dy = (jax.device_put(array.astype(case.dtype)) for array in work.block_arrays(case, number))

    @jax.jit
    def gradient(params, x, dy):
        def output(params, x):
            variables = {"params": params, **rest}

            def apply(x, dilation):
                return module.apply(variables, x, dilation, True, mutable=["batch_stats"])[0]

            return convolutions.by_phases(apply, x, block.dilation)

        if number == 1:  # nothing comes before it that would need a gradient
            return jax.vjp(lambda params: output(params, x), params)[1](dy)
        return jax.vjp(output, params, x)[1](dy)

    return lambda: jax.block_until_ready(gradient(params, x, dy))


def compiled_gradient(loss: Callable, logits: np.ndarray, ab: np.ndarray) -> jax.stages.Compiled:
    """Compile a loss and its gradient with respect to the logits."""
    return jax.jit(jax.value_and_grad(loss)).lower(logits, ab).compile()


def sparse_cross_entropy(
    logits: Float[Array, "b h w q"], ab: Float[Array, "b h w 2"]
) -> Float[Array, ""]:
    """Encode ab and compute the loss, with sparse targets."""
    return cross_entropy(logits, bins.encode(ab, NEIGHBORS, SIGMA), CLASS_WEIGHTS)


def dense_cross_entropy(
    logits: Float[Array, "b h w q"], ab: Float[Array, "b h w 2"]
) -> Float[Array, ""]:
    """Compute the same loss with a target for every bin of every pixel, as is usual elsewhere."""
    distance = jnp.sum((ab[..., None, :] - bins.CENTERS) ** 2, axis=-1)
    farthest = -jax.lax.top_k(-distance, NEIGHBORS)[0][..., -1:]
    kernel = jnp.where(distance <= farthest, jnp.exp(-distance / (2 * SIGMA**2)), 0.0)
    truth = kernel / jnp.sum(kernel, axis=-1, keepdims=True)
    entropy = -jnp.sum(truth * jax.nn.log_softmax(logits), axis=-1)
    return jnp.mean(jnp.asarray(CLASS_WEIGHTS)[jnp.argmax(truth, axis=-1)] * entropy)
