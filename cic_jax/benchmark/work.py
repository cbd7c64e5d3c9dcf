"""The work that is timed: a network on a batch of random numbers, and the least it costs."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Float, Int, UInt8

from cic_jax import bins, prior
from cic_jax.layers import Convolution, Depthwise, scale_channels
from cic_jax.network import NETWORKS, Block, create

CLASS_WEIGHTS = prior.class_weights(prior.IMAGENET)
NEIGHBORS, SIGMA = 5, 5.0
PHOTOGRAPHS = 2048  # the most on the device: 400 MB


class Case(NamedTuple):
    """A network and a batch of `size` x `size` pixels, a multiple of 8."""

    network: str
    width: float
    batch: int
    size: int
    dtype: str = "float32"
    steps: int = 1  # training steps per dispatch

    def __str__(self) -> str:
        """Return the name in the tables."""
        width = "" if self.width == 1 else f" of width {self.width:g}"
        return f"{self.network}{width}, {self.batch} x {self.size}², {self.dtype}"

    @property
    def blocks(self) -> list[Block]:
        """The network's table at this width."""
        return [
            block._replace(channels=scale_channels(block.channels, self.width))
            for block in NETWORKS[self.network]
        ]

    def create(self) -> tuple[nn.Module, dict[str, Any]]:
        """Create the network and its first variables, the same every time."""
        network = create(self.network, width=self.width, dtype=jnp.dtype(self.dtype))
        return network, _variables(self.network, self.width)

    def photographs(self) -> UInt8[np.ndarray, "n h w 3"]:
        """Draw random pixels to crop from, in the study's proportion of 176 to 256."""
        count = min(PHOTOGRAPHS, self.batch * self.steps)
        side = self.size * 256 // 176
        rng = np.random.default_rng(0)
        return rng.integers(0, 256, (count, side, side, 3), np.uint8)

    def rows(self) -> Int[np.ndarray, "steps b"]:
        """Return the indices of the photographs in each step's batch."""
        count = min(PHOTOGRAPHS, self.batch * self.steps)
        order = np.arange(self.batch * self.steps, dtype=np.int32) % count
        return order.reshape(self.steps, self.batch)


@functools.lru_cache(maxsize=2)
def _variables(network: str, width: float) -> dict[str, Any]:
    init = jax.jit(create(network, width=width).init)
    return init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))


class Layer(NamedTuple):
    """A convolution on one image: multiplications, and elements read and written."""

    block: str
    multiplications: int
    inputs: int
    outputs: int
    kernel: int


def layers(case: Case) -> list[Layer]:
    """List every convolution of a network; the last one gives its 313 logits."""
    network, variables = case.create()
    convolutions: list[Layer] = []

    def record(method: Any, args: Any, kwargs: Any, context: Any) -> Any:
        y, layer = method(*args, **kwargs), context.module
        if not isinstance(layer, Convolution | Depthwise) or context.method_name != "__call__":
            return y
        kernel = math.prod(layer.variables["params"]["kernel"].shape)
        inputs, outputs = (math.prod(array.shape) for array in (args[0], y))
        # A transposed convolution applies all taps to every input pixel, others to every output.
        pixels = math.prod((args[0] if y.shape[1] > args[0].shape[1] else y).shape[:3])
        convolutions.append(Layer(layer.path[0], pixels * kernel, inputs, outputs, kernel))
        return y

    with nn.intercept_methods(record):
        L = jax.ShapeDtypeStruct((1, case.size, case.size, 1), jnp.float32)
        jax.eval_shape(network.apply, variables, L)
    return convolutions


def forward_flop(convolutions: list[Layer]) -> int:
    """Count the floating-point operations for one image, two per multiplication and addition."""
    return 2 * sum(layer.multiplications for layer in convolutions)


def training_flop(convolutions: list[Layer]) -> int:
    """Count those of a training step: forward, and the gradients of the input and the kernel."""
    return 3 * forward_flop(convolutions)


def training_bytes(convolutions: list[Layer], case: Case) -> int:
    """Count the least bytes that a step moves through memory if no operations are fused.

    Each of a convolution's three passes reads or writes input, output and kernel once. Batch
    normalisation at the end of a block reads and writes its array forward, and backward reads two
    and writes one.
    """
    size = jnp.dtype(case.dtype).itemsize
    elements = sum(3 * case.batch * (x.inputs + x.outputs) + 3 * x.kernel for x in convolutions)
    blocks = {f"block{i}" for i, block in enumerate(case.blocks, start=1) if not block.upsample}
    normalised = {x.block: x.outputs for x in convolutions if x.block in blocks}  # the last
    return size * (elements + 5 * case.batch * sum(normalised.values()))


def block_arrays(case: Case, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a random input of a block and gradient of its output, float32 'b h w c'."""
    convolutions = [layer for layer in layers(case) if layer.block == f"block{number}"]
    blocks = case.blocks
    channels = (blocks[number - 2].channels if number > 1 else 1, blocks[number - 1].channels)
    rng = np.random.default_rng(number)
    elements = (convolutions[0].inputs, convolutions[-1].outputs)
    arrays = []
    for count, c in zip(elements, channels, strict=True):
        side = round((count / c) ** 0.5)
        arrays.append(rng.standard_normal((case.batch, side, side, c), np.float32))
    return arrays[0], arrays[1]


def lightness(case: Case) -> Float[np.ndarray, "b h w 1"]:
    """Draw random L in [0, 100]."""
    shape = (case.batch, case.size, case.size, 1)
    return np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)


def output_arrays(
    case: Case,
) -> tuple[Float[np.ndarray, "b h w q"], Float[np.ndarray, "b h w 2"]]:
    """Draw random logits and ab at the network's output resolution."""
    shape = (case.batch, case.size // 4, case.size // 4)
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((*shape, len(bins.CENTERS)), np.float32)
    return logits, 30 * rng.standard_normal((*shape, 2), np.float32)
