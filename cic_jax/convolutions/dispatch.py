"""How a convolution is computed on this backend; nothing else in the package knows.

Every convolution here keeps the resolution ('same', zero padding) except for its stride. 'direct'
is XLA's own convolution. 'fast' is for XLA's CPU backend, which is good at matrix products and at
the forward pass of plain convolutions, and slow at the gradients of every convolution, the more of
a strided, dilated or transposed one: each is rewritten in terms of the former, exactly, or by
Winograd's algorithm (see `cic_jax.winograd`) where that is faster. 'gpu' leaves XLA the plain and
strided ones, for which cuDNN is good, and rewrites the others (see `cic_jax.gpu_convolution`).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cic_jax.convolutions import cpu, gpu, winograd
from cic_jax.convolutions.direct import direct, direct_transposed

ENGINES = ("auto", "fast", "gpu", "direct")
LEAST_STRIDED = 128  # channels; XLA's own strided convolution of fewer is as quick, and one loop
BEST = {"cpu": "fast", "gpu": "gpu"}  # by backend; elsewhere direct


def convolve(
    x: Float[Array, "b h w c"],
    kernel: Float[Array, "k k c d"],
    bias: Float[Array, " d"] | float = 0.0,
    *,
    stride: int = 1,
    dilation: int = 1,
    engine: str = "auto",
    transformed: winograd.Panels | None = None,
) -> Float[Array, "b h2 w2 d"]:
    """Correlate `x` with a 1x1 or 3x3 kernel, zero padded, and add `bias`.

    h2, w2 = ceil(h, w / stride). `transformed` is what `transform` made of the kernel, if it did.
    Raises ValueError for an engine other than 'auto' (what is best on this backend), 'fast', 'gpu'
    and 'direct'.
    """
    h, w = x.shape[1:3]
    if (chosen := _choose(engine)) == "gpu":
        return _convolve_on_gpu(x, kernel, bias, stride, dilation)
    if chosen == "direct":
        return direct(x, kernel, stride, dilation) + bias
    if stride == 2:
        x = jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
        if transformed is not None:
            return winograd.correlate(x, transformed, "halve") + bias
        return cpu.halve(x, kernel) + bias
    if kernel.shape[:2] == (1, 1):
        return cpu.pointwise(x, kernel) + bias
    images = _split(x, dilation)
    if kernel.shape[:3] == (3, 3, 1):
        y = cpu.single_channel(images, kernel)
    elif transformed is not None:
        y = winograd.correlate(images, transformed, "same")
    elif winograd.suits(kernel):
        y = winograd.convolve(images, kernel, "same")
    else:
        y = cpu.same(images, kernel)
    return _join(y, dilation)[:, :h, :w] + bias


def convolve_transposed(
    x: Float[Array, "b h w c"],
    kernel: Float[Array, "4 4 c d"],
    bias: Float[Array, " d"] | float = 0.0,
    *,
    engine: str = "auto",
    transformed: winograd.Panels | None = None,
) -> Float[Array, "b 2*h 2*w d"]:
    """The 4x4 transposed convolution of stride 2 and padding 1, and `bias`: twice the resolution.

    Input pixel i adds `x[i] @ kernel[u]` to output pixel 2 i + u - 1, along either axis. PyTorch's
    `ConvTranspose2d(c, d, 4, stride=2, padding=1).weight` W maps to `W.transpose(2, 3, 0, 1)`.
    `transformed` is what `transform` made of the kernel, if it did.
    """
    if (chosen := _choose(engine)) == "gpu":
        return gpu.double(x, kernel) + bias
    if chosen == "direct":
        return direct_transposed(x, kernel) + bias
    if transformed is not None:
        return winograd.correlate(x, transformed, "double") + bias
    return cpu.double(x, kernel) + bias


def by_phases(
    apply: Callable[[Array, int], Array],
    x: Float[Array, "b h w c"],
    dilation: int,
    *,
    engine: str = "auto",
) -> Float[Array, "b h2 w2 d"]:
    """`apply(x, dilation)`: convolutions of that dilation, and what each pixel has between them.

    The n^2 images of every n-th pixel see plain ones, so the fast engine takes x apart once for
    all. Where they have to be filled up to one size it is once for each, within `convolve`: what
    fills them up must be zero to each.
    """
    h, w = x.shape[1:3]
    if dilation == 1 or _choose(engine) != "fast" or h % dilation or w % dilation:
        return apply(x, dilation)
    return _join(apply(_split(x, dilation), 1), dilation)


def transform(
    kernel: Float[Array, "k k c d"], *, stride: int = 1, engine: str = "auto", many: bool = True
) -> winograd.Panels | None:
    """The kernel as Winograd's algorithm multiplies by it, for inference; None where it does not.

    4x4 is the kernel of a transposed convolution. For `many` calls each is quicker, and the first
    takes longer to begin.
    """
    if _choose(engine) != "fast" or not winograd.suits(kernel):
        return None
    if stride == 2 and min(kernel.shape[2:]) < LEAST_STRIDED:
        return None
    kind = "halve" if stride == 2 else "double" if len(kernel) == 4 else "same"
    return winograd.transform_panels(kernel, kind, many)


def jit_inference(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.jit` for a forward pass, with the products that are quickest at it on this backend.

    On a CPU XLA takes YNNPACK's products and convolutions by default. Its older ones, of Eigen and
    oneDNN, which this leaves it with, need less time for a forward pass, and more for a training
    step.
    """
    options = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE"}
    return jax.jit(function, compiler_options=options if _choose("auto") == "fast" else None)


def by_groups(
    apply: Callable[[Array], Any], x: Float[Array, "b h w c"], size: int
) -> Float[Array, "b h2 w2 d"]:
    """`apply(x)`, `size` images at a time where 'auto' is the fast engine.

    For inference: what one image becomes must not depend on the others.
    """
    whole = len(x) - len(x) % size
    if len(x) <= size or _choose("auto") != "fast":
        return apply(x)
    y = lax.map(apply, x[:whole].reshape(-1, size, *x.shape[1:]))
    y = y.reshape(whole, *y.shape[2:])
    return y if whole == len(x) else jnp.concatenate([y, apply(x[whole:])])


def by_cores(
    apply: Callable[[np.ndarray], Array], x: Float[np.ndarray, "b h w c"]
) -> Float[np.ndarray, "b h2 w2 d"]:
    """`apply(x)` on the host, a part of x for each core at once where 'auto' is the fast engine.

    For inference outside of `jax.jit`. XLA lets all cores share every operation, so what one has
    written another reads, over and over; and while one part waits, the other goes on.
    """
    count = min(os.cpu_count() or 1, len(x)) if _choose("auto") == "fast" else 1
    if count < 2:
        return np.asarray(apply(x))
    with ThreadPoolExecutor(count) as threads:
        found = threads.map(lambda part: np.asarray(apply(part)), np.array_split(x, count))
        parts = list(found)
        y = np.empty((len(x), *parts[0].shape[1:]), parts[0].dtype)
        list(threads.map(np.copyto, np.array_split(y, count), parts))
    return y


def _choose(engine: str) -> str:
    """'auto' resolved."""
    if engine not in ENGINES:
        raise ValueError(f"convolution: expected one of {', '.join(ENGINES)}; got {engine!r}")
    return BEST.get(jax.default_backend(), "direct") if engine == "auto" else engine


def _convolve_on_gpu(
    x: Array, kernel: Array, bias: Array | float, stride: int, dilation: int
) -> Array:
    if stride == dilation == 1 and kernel.shape[:2] == (1, 1):
        return gpu.pointwise(x, kernel, bias)
    if stride == dilation == 1 and kernel.shape[:3] == (3, 3, 1):
        return gpu.single_channel(x, kernel) + bias
    if stride == 1 and dilation > 1:
        return gpu.dilated(x, kernel, dilation) + bias
    return direct(x, kernel, stride, dilation) + bias


def _split(x: Float[Array, "b h w c"], n: int) -> Float[Array, "b2 i j c"]:
    """The n^2 images of every n-th pixel, padded to one size: a kernel dilated by n sees only one.

    So a dilated convolution of x is a plain one of these images, and what pads them is what pads x.
    """
    if n == 1:
        return x
    x = jnp.pad(x, ((0, 0), (0, -x.shape[1] % n), (0, -x.shape[2] % n), (0, 0)))
    b, h, w, c = x.shape
    x = x.reshape(b, h // n, n, w // n, n, c)
    # Not one transposition: XLA's CPU backend is slow to read one that is fused into what follows.
    return jnp.concatenate([x[:, :, i, :, j] for i in range(n) for j in range(n)])


def _join(x: Float[Array, "b2 i j c"], n: int) -> Float[Array, "b h w c"]:
    """The inverse of `_split`, but for its padding."""
    if n == 1:
        return x
    b, h, w, c = x.shape
    x = x.reshape(n, n, b // n**2, h, w, c)
    x = jnp.stack([jnp.stack(list(row), axis=3) for row in x], axis=2)
    return x.reshape(b // n**2, n * h, n * w, c)
