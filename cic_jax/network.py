"""The colourisation networks: lightness in, logits over the colour bins out.

Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016, table 4 (FULL), and the smaller
network of Denoodt, Gauderis, Vanvolsem, 2023 (SIMPLIFIED): eight blocks of 3x3 convolutions, each
followed by ReLU; the last convolution of a block carries its stride; blocks 1 to 7 end in batch
normalisation; block 8 starts with a transposed convolution that doubles the resolution.
"""

from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax.convolutions import dispatch


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

# He et al., 2015: a ReLU halves the second moment, so weights of variance 2 / fan-in keep the scale
# of activations from layer to layer. An output of the 4x4 kernel of stride 2 sums over 4 of its 16
# taps. The logits start near 0, so training starts from the uniform prediction (or from grey).
_HE_NORMAL = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
_HE_NORMAL_TRANSPOSED = nn.initializers.variance_scaling(8.0, "fan_in", "normal")
_NEAR_ZERO = nn.initializers.variance_scaling(0.02, "fan_in", "normal")


class Convolution(nn.Module):
    """A convolution with bias: parameters 'kernel' (kh kw in out) and 'bias' (out), float32.

    The collection 'transformed' may hold the kernel as `prepare` made it.
    """

    channels: int
    size: int = 3
    stride: int = 1
    dilation: int = 1
    upsample: bool = False
    kernel_init: nn.initializers.Initializer = _HE_NORMAL
    dtype: DTypeLike = jnp.float32
    engine: str = "auto"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h2 w2 d"]:
        shape = (self.size, self.size, x.shape[-1], self.channels)
        kernel = self.param("kernel", self.kernel_init, shape).astype(self.dtype)
        bias = self.param("bias", nn.initializers.zeros, (self.channels,)).astype(self.dtype)
        if self.upsample:
            convolve = dispatch.convolve_transposed
        else:
            convolve = partial(dispatch.convolve, stride=self.stride, dilation=self.dilation)
        transformed: Any = self.get_variable("transformed", "kernel")
        return convolve(x, kernel, bias, engine=self.engine, transformed=transformed)


class ConvolutionBlock(nn.Module):
    """['deconv'], 'conv1', 'conv2', ..., each followed by ReLU; then 'norm', unless upsampling.

    `dilation` is the block's, or 1 where x is the images of every n-th pixel.
    """

    block: Block
    channels: int
    dtype: DTypeLike
    engine: str
    axis_name: str | None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], dilation: int, train: bool
    ) -> Float[Array, "b h2 w2 d"]:
        layer = partial(Convolution, self.channels, dtype=self.dtype, engine=self.engine)
        if self.block.upsample:
            init = _HE_NORMAL_TRANSPOSED
            x = nn.relu(layer(size=4, upsample=True, kernel_init=init, name="deconv")(x))
        for name, stride in _strides(self.block).items():
            x = nn.relu(layer(stride=stride, dilation=dilation, name=name)(x))
        if self.block.upsample:
            return x
        norm = nn.BatchNorm(
            use_running_average=not train,
            momentum=0.9,
            epsilon=1e-5,
            dtype=self.dtype,
            axis_name=self.axis_name,
            name="norm",
        )
        return norm(x)


def _strides(block: Block) -> dict[str, int]:
    """Of a block's convolutions, by name; the last takes the block's."""
    last = block.convolutions
    return {f"conv{i}": block.stride if i == last else 1 for i in range(1, last + 1)}


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
        """The layers, by the names of their parameters."""
        for i, block in enumerate(self.blocks, start=1):
            channels = scale_channels(block.channels, self.width)
            options = channels, self.dtype, self.convolution, self.axis_name
            setattr(self, f"block{i}", ConvolutionBlock(block, *options))
        self.out = Convolution(
            self.outputs,
            size=1,
            kernel_init=_NEAR_ZERO,
            dtype=self.dtype,
            engine=self.convolution,
        )

    def __call__(
        self, L: Float[Array, "b h w 1"], train: bool = False
    ) -> Float[Array, "b h4 w4 q"]:
        h, w = L.shape[1:3]
        return self.predict(self.reduce(L, train), h, w, train)

    def reduce(self, L: Float[Array, "b h w 1"], train: bool = False) -> Float[Array, "b h8 w8 c"]:
        """The blocks up to the last that has a stride: an eighth of the resolution."""
        h, w = L.shape[1:3]
        x = ((L - 50.0) / self.lightness_scale).astype(self.dtype)
        x = jnp.pad(x, ((0, 0), (0, -h % 8), (0, -w % 8), (0, 0)), mode="edge")
        return self._through(x, range(1, self._reducing + 1), train)

    def predict(
        self, x: Float[Array, "b h8 w8 c"], h: int, w: int, train: bool = False
    ) -> Float[Array, "b h4 w4 q"]:
        """The blocks after those: the logits of h x w pixels."""
        x = self._through(x, range(self._reducing + 1, len(self.blocks) + 1), train)
        return self.out(x)[:, : -(-h // 4), : -(-w // 4)].astype(jnp.float32)

    @property
    def _reducing(self) -> int:
        return max(i for i, block in enumerate(self.blocks, start=1) if block.stride > 1)

    def _through(self, x: Float[Array, "b h w c"], numbers: Iterable[int], train: bool) -> Array:
        for dilation, group in groupby(numbers, lambda i: self.blocks[i - 1].dilation):
            blocks = [getattr(self, f"block{i}") for i in group]
            apply = partial(_in_turn, blocks, train)
            x = dispatch.by_phases(apply, x, dilation, engine=self.convolution)
        return x


def _in_turn(blocks: list[ConvolutionBlock], train: bool, x: Array, dilation: int) -> Array:
    for block in blocks:
        x = block(x, dilation, train)
    return x


def prepare(network: Any, variables: dict[str, Any], many: bool = True) -> dict[str, Any]:
    """Add a collection 'transformed': the kernels as they are multiplied by on this backend.

    For inference: `apply` takes the result in place of `variables` and saves the transformation,
    but nothing else, in every call. Where kernels are not transformed it stays empty. What is not a
    `Network` gets its variables back as they are. For `many` calls each is quicker, and the first
    takes longer to begin. Not to be traced: it computes on the host.
    """
    if not isinstance(network, Network):
        return jax.device_put(variables)
    transformed: dict[str, Any] = {}
    for i, block in enumerate(network.blocks, start=1):
        layers = {"deconv": 1, **_strides(block)} if block.upsample else _strides(block)
        for name, stride in layers.items():
            kernel = variables["params"][f"block{i}"][name]["kernel"]
            grid = dispatch.transform(kernel, stride=stride, engine=network.convolution, many=many)
            if grid is not None:
                transformed.setdefault(f"block{i}", {})[name] = {"kernel": grid}
    return jax.device_put({**variables, "transformed": transformed})


def scale_channels(channels: int, width: float) -> int:
    """`channels` times `width`, rounded to a multiple of 8, at least 8."""
    return max(8, round(channels * width / 8) * 8)


def create(
    name: str,
    outputs: int = 313,
    width: float = 1.0,
    *,
    dtype: DTypeLike = jnp.float32,
    convolution: str = "auto",
    axis_name: str | None = None,
    lightness_scale: float = 50.0,
) -> Network:
    """The network called 'full' or 'simplified', its channels multiplied by `width`.

    Parameters and statistics are float32; `dtype` is what activations are computed in.
    `convolution` is one of `cic_jax.convolution.ENGINES`. CIC's released weights expect a
    `lightness_scale` of 100. Raises ValueError for an unknown name.
    """
    if name not in NETWORKS:
        raise ValueError(f"network: expected one of {', '.join(NETWORKS)}; got {name!r}")
    return Network(NETWORKS[name], outputs, width, dtype, convolution, axis_name, lightness_scale)
