"""Convolutions of each channel by itself, as sums of shifted products.

There is no matrix product to turn them into, so XLA's own are slow on a CPU: a product of the
whole image with each of the 9 or 25 taps is one loop over memory, and XLA fuses them all.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from cic_jax.convolutions.direct import LAYOUT
from cic_jax.convolutions.engine import resolve
from cic_jax.convolutions.fusion import materialize


def depthwise(
    x: Float[Array, "b h w #c"],
    kernel: Float[Array, "k k c"],
    *,
    stride: int = 1,
    engine: str = "auto",
) -> Float[Array, "b h2 w2 c"]:
    """Correlate each channel with its own kernel; h2 = ceil(h / stride), w2 = ceil(w / stride).

    Zeros are padded as TensorFlow's 'SAME' does: with stride 2 and an even side, one more at the
    end than at the start. A single channel is correlated with every kernel.
    """
    if resolve(engine) in ("fast", "quick"):
        return _shifted_products(x, kernel, stride)
    channels, weights = x.shape[-1], kernel[:, :, None]
    return lax.conv_general_dilated(
        x,
        weights,
        (stride, stride),
        "SAME",
        dimension_numbers=LAYOUT,
        feature_group_count=channels,
    )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _shifted_products(x: Array, kernel: Array, stride: int) -> Array:
    size = len(kernel)
    padded, (h, w) = _pad(x, size, stride), _outputs(x, stride)
    weights = kernel.reshape(size * size, -1)
    terms = [
        _taps(padded, u, v, (h, w), stride)
        * lax.slice_in_dim(weights, n := size * u + v, n + 1)[None, None]
        for u in range(size)
        for v in range(size)
    ]
    return sum(terms[1:], start=terms[0])


def _outputs(x: Array, stride: int) -> tuple[int, int]:
    return -(-x.shape[1] // stride), -(-x.shape[2] // stride)


def _margins(side: int, size: int, stride: int) -> tuple[int, int]:
    """Count the zeros before and after one side."""
    total = max((-(-side // stride) - 1) * stride + size - side, 0)
    return total // 2, total - total // 2


def _pad(x: Array, size: int, stride: int) -> Array:
    """Pad as 'SAME' does, and to a multiple of the stride."""
    widths = [(0, 0)]
    for side in x.shape[1:3]:
        before, after = _margins(side, size, stride)
        widths.append((before, after + -(side + before + after) % stride))
    return materialize(lambda x: jnp.pad(x, [*widths, (0, 0)]), x)


def _taps(x: Array, u: int, v: int, outputs: tuple[int, int], stride: int) -> Array:
    """Take the inputs of tap (u, v) for all outputs."""
    h, w = outputs
    stop = u + (h - 1) * stride + 1, v + (w - 1) * stride + 1
    # Not by NumPy's notation, which takes several times as long to trace.
    return lax.slice(x, (0, u, v, 0), (len(x), *stop, x.shape[-1]), (1, stride, stride, 1))


def _forward(x: Array, kernel: Array, stride: int) -> tuple[Array, tuple[Array, Array]]:
    return _shifted_products(x, kernel, stride), (x, kernel)


def _backward(stride: int, residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    """Compute the gradients: that in x is a correlation of dy, spread out, with reversed taps."""
    x, kernel = residuals
    size = len(kernel)
    padded, outputs = _pad(x, size, stride), _outputs(x, stride)
    dk = jnp.stack(
        [
            jnp.stack(
                [jnp.sum(_taps(padded, u, v, outputs, stride) * dy, (0, 1, 2)) for v in range(size)]
            )
            for u in range(size)
        ]
    )
    widths = [(0, 0, 0)]
    for side, n in zip(x.shape[1:3], outputs, strict=True):
        before = size - 1 - _margins(side, size, stride)[0]
        after = side + size - 1 - before - ((n - 1) * stride + 1)
        widths.append((before, after, stride - 1))
    spread = materialize(lambda y: lax.pad(y, jnp.zeros((), y.dtype), [*widths, (0, 0, 0)]), dy)
    reversed_taps = kernel[::-1, ::-1]
    terms = [
        _taps(spread, u, v, (x.shape[1], x.shape[2]), 1) * reversed_taps[u, v]
        for u in range(size)
        for v in range(size)
    ]
    dx = sum(terms[1:], start=terms[0])
    if x.shape[-1] == 1:
        dx = jnp.sum(dx, axis=-1, keepdims=True)
    return dx, dk.astype(kernel.dtype)


_shifted_products.defvjp(_forward, _backward)
