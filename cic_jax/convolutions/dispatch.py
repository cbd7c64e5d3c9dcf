"""Choice of algorithm for each convolution of a network, by engine, kernel and stride.

Every convolution here keeps the resolution ('same', zero padding) except for its stride. 'direct'
is XLA's own convolution. 'fast' is for XLA's CPU backend, which is good at matrix products and at
the forward pass of plain convolutions, but slow at the gradients of every convolution, above all of
strided, dilated and transposed ones: each is rewritten in terms of the former, exactly, or by
Winograd's algorithm where that is quicker. 'gpu' leaves plain and strided convolutions, for which
cuDNN is good, to XLA, and rewrites the others. 'quick' is what XLA's CPU backend compiles quickly:
XLA's own convolutions, and those that 'fast' replaces by few operations. A forward pass takes
longer than by 'fast'; its gradients are not meant to be used.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cic_jax.convolutions import cpu, gpu, winograd
from cic_jax.convolutions.direct import direct, direct_transposed
from cic_jax.convolutions.engine import ENGINES, resolve
from cic_jax.convolutions.phases import join, split
from cic_jax.convolutions.winograd import Kernel, TransformedKernel

__all__ = ["ENGINES", "convolve", "convolve_transposed", "transform"]

LEAST_STRIDED = 128  # channels; XLA's own strided convolution of fewer is as quick, and one loop


def convolve(
    x: Float[Array, "b h w c"],
    kernel: Kernel,
    bias: Float[Array, " d"] | float = 0.0,
    *,
    stride: int = 1,
    dilation: int = 1,
    engine: str = "auto",
) -> Float[Array, "b h2 w2 d"]:
    """Correlate with a 1x1 or 3x3 kernel, zero padded, and add a bias.

    Args:
        x: Images.
        kernel: 'k k c d', or the result of `transform`.
        bias: Added to every pixel.
        stride: Stride of the outputs: h2 = ceil(h / stride), w2 = ceil(w / stride).
        dilation: Distance between the kernel's taps, in pixels.
        engine: 'auto' (the best on this backend), 'fast', 'gpu', 'direct' or 'quick'.

    Raises ValueError for another engine.
    """
    chosen = resolve(engine)
    if chosen == "fast":
        return _convolve_on_cpu(x, kernel, stride, dilation) + bias
    weights = winograd.plain(kernel)
    if chosen == "gpu":
        return _convolve_on_gpu(x, weights, bias, stride, dilation)
    return direct(x, weights, stride, dilation) + bias


def convolve_transposed(
    x: Float[Array, "b h w c"],
    kernel: Kernel,
    bias: Float[Array, " d"] | float = 0.0,
    *,
    engine: str = "auto",
) -> Float[Array, "b 2*h 2*w d"]:
    """Apply the 4x4 transposed convolution of stride 2 and padding 1: twice the resolution.

    Input pixel i adds `x[i] @ kernel[u]` to output pixel 2 i + u - 1, along either axis. PyTorch's
    `ConvTranspose2d(c, d, 4, stride=2, padding=1).weight` W maps to `W.transpose(2, 3, 0, 1)`.
    `kernel` is '4 4 c d' or the result of `transform`; `bias` and `engine` are as for `convolve`.
    """
    chosen = resolve(engine)
    if chosen == "fast":
        if isinstance(kernel, TransformedKernel):
            return winograd.correlate(x, kernel.panels, "double") + bias
        return cpu.double(x, kernel) + bias
    weights = winograd.plain(kernel)
    if chosen == "gpu":
        return gpu.double(x, weights) + bias
    if chosen == "quick":
        return cpu.double_directly(x, weights) + bias
    return direct_transposed(x, weights) + bias


def transform(
    kernel: Float[Array, "k k c d"],
    *,
    stride: int = 1,
    engine: str = "auto",
    panels: bool = True,
    precision: str = "float32",
) -> Kernel:
    """Transform a kernel for inference as Winograd's algorithm multiplies by it.

    A kernel to which the algorithm does not apply is returned as it is. Computes on the host, so it
    cannot be traced.

    Args:
        kernel: One of 4x4 is that of a transposed convolution.
        stride: As in `convolve`.
        engine: As in `convolve`.
        panels: Cut large kernels into pieces: calls get faster in float32, loading slower.
        precision: The dtype of the numbers that are multiplied, if the engine is 'fast': 'float32'
            or 'bfloat16'. Sums are in float32.
    """
    if resolve(engine) != "fast":
        return kernel
    if kernel.shape[:2] == (1, 1) and precision != "float32":
        return TransformedKernel(kernel, (((kernel.astype(precision),),),))
    if not winograd.suits(kernel):
        return kernel
    if stride == 2 and min(kernel.shape[2:]) < LEAST_STRIDED:
        return kernel
    kind = "halve" if stride == 2 else "double" if len(kernel) == 4 else "same"
    # Products of bfloat16 are YNNPACK's, which gain nothing by panels.
    cut = panels and precision == "float32"
    return TransformedKernel(kernel, winograd.transform_panels(kernel, kind, cut, precision))


def _convolve_on_cpu(x: Array, kernel: Kernel, stride: int, dilation: int) -> Array:
    h, w = x.shape[1:3]
    if stride == 2:
        x = jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
        if isinstance(kernel, TransformedKernel):
            return winograd.correlate(x, kernel.panels, "halve")
        return cpu.halve(x, kernel)
    if kernel.shape[:2] == (1, 1):
        factor = kernel.panels[0][0][0] if isinstance(kernel, TransformedKernel) else kernel
        return cpu.pointwise(x, factor)
    y = _convolve_plainly(split(x, dilation), kernel)
    return join(y, dilation)[:, :h, :w]


def _convolve_plainly(x: Array, kernel: Kernel) -> Array:
    """Correlate with a 3x3 kernel, stride and dilation 1."""
    if isinstance(kernel, TransformedKernel):
        return winograd.correlate(x, kernel.panels, "same")
    if kernel.shape[2] == 1:
        return cpu.single_channel(x, kernel)
    if winograd.suits(kernel):
        return winograd.convolve(x, kernel, "same")
    return cpu.same(x, kernel)


def _convolve_on_gpu(
    x: Array, kernel: Array, bias: Array | float, stride: int, dilation: int
) -> Array:
    """Convolve on a GPU.

    Args:
        x: As in `convolve`.
        kernel: The plain kernel.
        bias: As in `convolve`.
        stride: As in `convolve`.
        dilation: As in `convolve`.
    """
    if stride == dilation == 1 and kernel.shape[:2] == (1, 1):
        return gpu.pointwise(x, kernel, bias)
    if stride == dilation == 1 and kernel.shape[:3] == (3, 3, 1):
        return gpu.single_channel(x, kernel) + bias
    if stride == 1 and dilation > 1:
        return gpu.dilated(x, kernel, dilation) + bias
    return direct(x, kernel, stride, dilation) + bias
