"""The work that is timed: a network on a batch of random numbers, and what it costs at least."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, UInt8

from cic_jax import bins, prior
from cic_jax import network as networks

CLASS_WEIGHTS = prior.class_weights(prior.IMAGENET)
NEIGHBORS, SIGMA = 5, 5.0
PHOTOGRAPHS = 2048  # on the device at most: 400 MB


class Case(NamedTuple):
    """A network at work on a batch of `size` x `size` pixels, a multiple of 8."""

    network: str
    width: float
    batch: int
    size: int
    dtype: str = "float32"
    steps: int = 1  # of training in one dispatch

    def __str__(self) -> str:
        width = "" if self.width == 1 else f" of width {self.width:g}"
        return f"{self.network}{width}, {self.batch} x {self.size}², {self.dtype}"

    @property
    def blocks(self) -> list[networks.Block]:
        """The network's table at this width."""
        return [
            block._replace(channels=networks.scale_channels(block.channels, self.width))
            for block in networks.NETWORKS[self.network]
        ]

    def create(self) -> tuple[networks.Network, dict[str, Any]]:
        """The network and its first variables, the same every time."""
        network = networks.create(self.network, width=self.width, dtype=jnp.dtype(self.dtype))
        return network, _variables(self.network, self.width)

    def photographs(self) -> UInt8[np.ndarray, "n h w 3"]:
        """Random pixels to crop from, in the study's proportion of 176 to 256."""
        count = min(PHOTOGRAPHS, self.batch * self.steps)
        side = self.size * 256 // 176
        rng = np.random.default_rng(0)
        return rng.integers(0, 256, (count, side, side, 3), np.uint8)

    def rows(self) -> Int[np.ndarray, "steps b"]:
        """The photographs of each step's batch."""
        count = min(PHOTOGRAPHS, self.batch * self.steps)
        order = np.arange(self.batch * self.steps, dtype=np.int32) % count
        return order.reshape(self.steps, self.batch)


@functools.lru_cache(maxsize=2)
def _variables(network: str, width: float) -> dict[str, Any]:
    init = jax.jit(networks.create(network, width=width).init)
    return init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))


class Layer(NamedTuple):
    """A convolution on one image: its multiplications, and the elements it reads and writes."""

    block: str
    multiplications: int
    inputs: int
    outputs: int
    kernel: int


def layers(case: Case) -> list[Layer]:
    """Every convolution of a network, the last one to its 313 logits."""
    found = []
    side, channels = case.size, 1

    def add(name: str, out_channels: int, taps: int, scale: float = 1.0) -> None:
        nonlocal side, channels
        kernel = taps * channels * out_channels
        after = round(scale * side)
        # Transposed, every pixel that goes in meets all taps; else every pixel that comes out.
        pixels = min(side, after) ** 2
        inputs, outputs = side**2 * channels, after**2 * out_channels
        found.append(Layer(name, pixels * kernel, inputs, outputs, kernel))
        side, channels = after, out_channels

    for number, block in enumerate(case.blocks, start=1):
        name = f"block{number}"
        if block.upsample:
            add(name, block.channels, 16, 2.0)
        for i in range(1, block.convolutions + 1):
            add(name, block.channels, 9, 1 / block.stride if i == block.convolutions else 1.0)
    add("out", len(bins.CENTERS), 1)
    return found


def forward_flop(found: list[Layer]) -> int:
    """Floating-point operations of one image: a multiplication and an addition each."""
    return 2 * sum(layer.multiplications for layer in found)


def training_flop(found: list[Layer]) -> int:
    """The same of a step: forward, and towards the input and the kernel in the backward pass."""
    return 3 * forward_flop(found)


def training_bytes(found: list[Layer], case: Case) -> int:
    """The least that a step moves through memory, were every operation alone with its arrays.

    Each of a convolution's three passes reads or writes input, output and kernel once. Batch
    normalisation at the end of a block reads and writes its array forward, and backward reads two
    and writes one.
    """
    size = jnp.dtype(case.dtype).itemsize
    elements = sum(3 * case.batch * (x.inputs + x.outputs) + 3 * x.kernel for x in found)
    blocks = {f"block{i}" for i, block in enumerate(case.blocks, start=1) if not block.upsample}
    normalised = {x.block: x.outputs for x in found if x.block in blocks}  # the block's last
    return size * (elements + 5 * case.batch * sum(normalised.values()))


def block_arrays(case: Case, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Random input and gradient of the output of a block, 'b h w c' and float32."""
    found = [layer for layer in layers(case) if layer.block == f"block{number}"]
    blocks = case.blocks
    channels = (blocks[number - 2].channels if number > 1 else 1, blocks[number - 1].channels)
    rng = np.random.default_rng(number)
    arrays = []
    for elements, c in zip((found[0].inputs, found[-1].outputs), channels, strict=True):
        side = round((elements / c) ** 0.5)
        arrays.append(rng.standard_normal((case.batch, side, side, c), np.float32))
    return arrays[0], arrays[1]


def lightness(case: Case) -> Float[np.ndarray, "b h w 1"]:
    """Random L."""
    shape = (case.batch, case.size, case.size, 1)
    return np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)


def output_arrays(
    case: Case,
) -> tuple[Float[np.ndarray, "b h w q"], Float[np.ndarray, "b h w 2"]]:
    """Random logits and ab at the network's output resolution."""
    shape = (case.batch, case.size // 4, case.size // 4)
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((*shape, len(bins.CENTERS)), np.float32)
    return logits, 30 * rng.standard_normal((*shape, 2), np.float32)
