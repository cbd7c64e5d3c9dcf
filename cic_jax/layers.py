"""The convolution with bias that every network here is made of."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax import convolutions

# He et al., 2015: a ReLU halves the second moment, so weights of variance 2 / fan-in keep the scale
# of activations from layer to layer. An output of the 4x4 kernel of stride 2 sums over 4 of its 16
# taps. The logits start near 0, so training starts from the uniform prediction (or from grey).
HE_NORMAL = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
HE_NORMAL_TRANSPOSED = nn.initializers.variance_scaling(8.0, "fan_in", "normal")
NEAR_ZERO = nn.initializers.variance_scaling(0.02, "fan_in", "normal")


class Convolution(nn.Module):
    """A convolution with bias: parameters 'kernel' (kh kw in out) and 'bias' (out), float32."""

    channels: int
    size: int = 3
    stride: int = 1
    dilation: int = 1
    upsample: bool = False
    kernel_init: nn.initializers.Initializer = HE_NORMAL
    dtype: DTypeLike = jnp.float32
    engine: str = "auto"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h2 w2 d"]:
        shape = (self.size, self.size, x.shape[-1], self.channels)
        kernel = self.param("kernel", self.kernel_init, shape).astype(self.dtype)
        bias = self.param("bias", nn.initializers.zeros, (self.channels,)).astype(self.dtype)
        if self.upsample:
            return convolutions.convolve_transposed(x, kernel, bias, engine=self.engine)
        geometry = {"stride": self.stride, "dilation": self.dilation}
        return convolutions.convolve(x, kernel, bias, **geometry, engine=self.engine)


class Depthwise(nn.Module):
    """A convolution of each channel by itself: parameters 'kernel' (k k c) and 'bias' (c).

    Zeros are padded as TensorFlow's 'SAME' does. A single channel is convolved with each of the
    kernel's `channels`.
    """

    channels: int
    size: int = 3
    stride: int = 1
    dtype: DTypeLike = jnp.float32
    engine: str = "auto"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w #c"]) -> Float[Array, "b h2 w2 c"]:
        shape = (self.size, self.size, self.channels)
        init = nn.initializers.normal((2 / self.size**2) ** 0.5)
        kernel = self.param("kernel", init, shape).astype(self.dtype)
        bias = self.param("bias", nn.initializers.zeros, (self.channels,)).astype(self.dtype)
        return convolutions.depthwise(x, kernel, stride=self.stride, engine=self.engine) + bias


def scale_channels(channels: int, width: float) -> int:
    """Multiply `channels` by `width`, rounded to a multiple of 8, at least 8."""
    return max(8, round(channels * width / 8) * 8)
