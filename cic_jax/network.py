"""The colourisation networks: lightness in, logits over the colour bins out.

Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016, table 4 (FULL), and the smaller
network of Denoodt, Gauderis, Vanvolsem, 2023 (SIMPLIFIED): eight blocks of 3x3 convolutions, each
followed by ReLU; the last convolution of a block carries its stride; blocks 1 to 7 end in batch
normalisation; block 8 starts with a transposed convolution that doubles the resolution.
"""

from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import NamedTuple

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax import convolutions
from cic_jax.layers import HE_NORMAL_TRANSPOSED, NEAR_ZERO, Convolution, scale_channels
from cic_jax.lite import Lite


class Block(NamedTuple):
    """One row of a network's table: `convolutions` 3x3 convolutions of `channels` outputs each."""

    convolutions: int
    channels: int
    stride: int = 1
    dilation: int = 1
    upsample: bool = False  # a transposed convolution first, and no normalisation last


FULL = (
    Block(2, 64, stride=2),
    Block(2, 128, stride=2),
    Block(3, 256, stride=2),
    Block(3, 512),
    Block(3, 512, dilation=2),
    Block(3, 512, dilation=2),
    Block(3, 512),
    Block(2, 256, upsample=True),
)
SIMPLIFIED = (
    Block(2, 64, stride=2),
    Block(2, 128, stride=2),
    Block(2, 256, stride=2),
    Block(2, 416),
    Block(2, 416, dilation=2),
    Block(2, 416, dilation=2),
    Block(2, 416),
    Block(1, 256, upsample=True),
)
NETWORKS = {"full": FULL, "simplified": SIMPLIFIED}
NAMES = (*NETWORKS, "lite")


class ConvolutionBlock(nn.Module):
    """['deconv'], 'conv1', 'conv2', ..., each followed by ReLU; then 'norm', unless upsampling.

    The convolutions are dilated by `dilation`: the block's own, or 1 for images of every n-th pixel
    (`convolutions.by_phases`).
    """

    block: Block
    channels: int
    dtype: DTypeLike = jnp.float32
    engine: str = "auto"
    axis_name: str | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], dilation: int, train: bool = False
    ) -> Float[Array, "b h2 w2 d"]:
        conv = partial(Convolution, self.channels, dtype=self.dtype, engine=self.engine)
        if self.block.upsample:
            init = HE_NORMAL_TRANSPOSED
            x = nn.relu(conv(size=4, upsample=True, kernel_init=init, name="deconv")(x))
        for i in range(1, self.block.convolutions + 1):
            stride = self.block.stride if i == self.block.convolutions else 1
            x = nn.relu(conv(stride=stride, dilation=dilation, name=f"conv{i}")(x))
        if self.block.upsample:
            return x
        return nn.BatchNorm(
            use_running_average=not train,
            momentum=0.9,
            epsilon=1e-5,
            dtype=self.dtype,
            axis_name=self.axis_name,
            name="norm",
        )(x)


class Network(nn.Module):
    """L 'b h w 1' in [0, 100] -> float32 logits 'b ceil(h/4) ceil(w/4) outputs'.

    Any h and w: the lower and right edges are repeated up to a multiple of 8 and the output is
    cropped. With `train=True` normalisation uses the batch's statistics (over all devices of
    `axis_name` where given) and updates its running ones: apply with `mutable=["batch_stats"]`.
    """

    blocks: tuple[Block, ...]
    outputs: int = 313
    width: float = 1.0
    dtype: DTypeLike = jnp.float32
    convolution: str = "auto"
    axis_name: str | None = None
    lightness_scale: float = 50.0  # the networks see (L - 50) / lightness_scale

    def setup(self) -> None:
        """Create the layers, named as in the tree of parameters."""
        conv = partial(Convolution, dtype=self.dtype, engine=self.convolution)
        block = partial(
            ConvolutionBlock,
            dtype=self.dtype,
            engine=self.convolution,
            axis_name=self.axis_name,
        )
        self.layers = [
            block(row, scale_channels(row.channels, self.width), name=f"block{i}")
            for i, row in enumerate(self.blocks, start=1)
        ]
        self.out = conv(self.outputs, size=1, kernel_init=NEAR_ZERO)

    def __call__(
        self, L: Float[Array, "b h w 1"], train: bool = False
    ) -> Float[Array, "b h4 w4 q"]:
        h, w = L.shape[1:3]
        return self.decode(self.encode(L, train), train)[:, : -(-h // 4), : -(-w // 4)]

    def encode(self, L: Float[Array, "b h w 1"], train: bool = False) -> Float[Array, "b h8 w8 c"]:
        """Apply the blocks up to the last with a stride: an eighth of the padded resolution."""
        h, w = L.shape[1:3]
        x = ((L - 50.0) / self.lightness_scale).astype(self.dtype)
        x = jnp.pad(x, ((0, 0), (0, -h % 8), (0, -w % 8), (0, 0)), mode="edge")
        return self._apply(self.layers[: self._strided], x, train)

    def decode(
        self, x: Float[Array, "b h8 w8 c"], train: bool = False
    ) -> Float[Array, "b h4 w4 q"]:
        """Apply the other blocks and the output: logits of the padded image."""
        return self.out(self._apply(self.layers[self._strided :], x, train)).astype(jnp.float32)

    def _apply(self, layers: Iterable[ConvolutionBlock], x: Array, train: bool) -> Array:
        # Neighbouring blocks of one dilation share one split into phases: each costs a copy.
        for dilation, run in groupby(layers, lambda layer: layer.block.dilation):
            apply = partial(_in_turn, tuple(run), train)
            x = convolutions.by_phases(apply, x, dilation, engine=self.convolution)
        return x

    @property
    def _strided(self) -> int:
        return max(i for i, block in enumerate(self.blocks, start=1) if block.stride > 1)


def _in_turn(layers: tuple[ConvolutionBlock, ...], train: bool, x: Array, dilation: int) -> Array:
    for layer in layers:
        x = layer(x, dilation, train)
    return x


def create(
    name: str,
    outputs: int = 313,
    width: float = 1.0,
    *,
    dtype: DTypeLike = jnp.float32,
    convolution: str = "auto",
    axis_name: str | None = None,
    lightness_scale: float = 50.0,
    frozen: bool = True,
    dropout: float = 0.0,
) -> Network | Lite:
    """Create the network called 'full', 'simplified' or 'lite'.

    Args:
        name: One of `NAMES`.
        outputs: Channels of the result: the number of bins, or 2 for ab itself.
        width: Multiplies the channels of every block.
        dtype: Type of the activations; parameters and statistics are float32.
        convolution: The engine, one of `cic_jax.convolutions.ENGINES`; forward-mode derivatives
            (`jax.jvp`, `jax.jacfwd`, `jax.hessian`) need 'direct'.
        axis_name: Axis of the devices over which normalisation takes its statistics.
        lightness_scale: The network sees (L - 50) / lightness_scale; 100 for CIC's weights. Not
            for 'lite', which sees what its encoder was trained on.
        frozen: Keep the pretrained encoder of 'lite' as it is: no gradient enters it.
        dropout: Share of the encoder's channels that 'lite' leaves out in training.

    Raises ValueError for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"network: expected one of {', '.join(NAMES)}; got {name!r}")
    if name == "lite":
        return Lite(outputs, width, dtype, convolution, axis_name, frozen, dropout)
    return Network(NETWORKS[name], outputs, width, dtype, convolution, axis_name, lightness_scale)
