"""How a convolution is computed on this backend; nothing else in the package knows.

Every convolution here keeps the resolution ('same', zero padding) except for its stride. 'direct'
is XLA's own convolution, good on an accelerator. 'fast' is for XLA's CPU backend, which is good at
matrix products and at the forward pass of plain convolutions, and slow at the gradients of every
convolution, the more of a strided, dilated or transposed one: each is rewritten in terms of the
former, exactly, or by Winograd's algorithm (see `cic_jax.winograd`) where that is faster.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from cic_jax import winograd

ENGINES = ("auto", "fast", "direct")
_LAYOUT = ("NHWC", "HWIO", "NHWC")
_WINOGRAD_CHANNELS = 64  # in and out; with fewer its transforms cost more than its products save


def convolve(
    x: Float[Array, "b h w c"],
    kernel: Float[Array, "k k c d"],
    *,
    stride: int = 1,
    dilation: int = 1,
    engine: str = "auto",
    transformed: winograd.Grid | None = None,
) -> Float[Array, "b h2 w2 d"]:
    """Correlate `x` with a 1x1 or 3x3 kernel, zero padded; h2, w2 = ceil(h, w / stride).

    `transformed` is what `prepare` made of the kernel, if it did. Raises ValueError for an engine
    other than 'auto' ('fast' on a CPU, else 'direct'), 'fast' and 'direct'.
    """
    h, w = x.shape[1:3]
    if not _is_fast(engine):
        return _direct(x, kernel, stride, dilation)
    if stride == 2:
        return _halve(jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0))), kernel)
    images = _split(x, dilation)
    if kernel.shape[:3] == (3, 3, 1):
        y = _single_channel(images, kernel)
    elif transformed is not None:
        y = winograd.correlate(images, transformed)
    elif _suits_winograd(kernel):
        y = winograd.convolve(images, kernel)
    else:
        y = _same(images, kernel)
    return _join(y, dilation)[:, :h, :w]


def convolve_transposed(
    x: Float[Array, "b h w c"],
    kernel: Float[Array, "4 4 c d"],
    *,
    engine: str = "auto",
    transformed: winograd.Grid | None = None,
) -> Float[Array, "b 2*h 2*w d"]:
    """The 4x4 transposed convolution of stride 2 and padding 1: twice the resolution.

    Input pixel i adds `x[i] @ kernel[u]` to output pixel 2 i + u - 1, along either axis. PyTorch's
    `ConvTranspose2d(c, d, 4, stride=2, padding=1).weight` W maps to `W.transpose(2, 3, 0, 1)`.
    `transformed` is what `prepare` made of the kernel, if it did.
    """
    if _is_fast(engine):
        if transformed is not None:
            return _from_cells(winograd.correlate(x, transformed))
        return _double(x, kernel)
    flipped = kernel[::-1, ::-1]
    pad = ((2, 2), (2, 2))
    return lax.conv_general_dilated(x, flipped, (1, 1), pad, (2, 2), dimension_numbers=_LAYOUT)


def prepare(variables: dict[str, Any]) -> dict[str, Any]:
    """Add a collection 'transformed': the kernels as Winograd's algorithm multiplies by them.

    For inference: a network's `apply` takes the result in place of `variables` and saves the
    transformation, but nothing else, in every call. Where 'auto' is not the fast engine there is
    nothing to prepare.
    """
    if not _is_fast("auto"):
        return variables

    def transform(parameters):
        branches = {k: transform(v) for k, v in parameters.items() if isinstance(v, dict)}
        kernel = parameters.get("kernel")
        if kernel is not None:
            plain = _to_cells(kernel) if kernel.shape[:2] == (4, 4) else kernel
            if _suits_winograd(plain):
                branches["kernel"] = winograd.transform_kernel(plain)
        return {k: v for k, v in branches.items() if v}

    return {**variables, "transformed": transform(variables.get("params", {}))}


def _is_fast(engine: str) -> bool:
    if engine not in ENGINES:
        raise ValueError(f"convolution: expected one of {', '.join(ENGINES)}; got {engine!r}")
    return engine == "fast" or (engine == "auto" and jax.default_backend() == "cpu")


def _suits_winograd(kernel: Array) -> bool:
    """float32 only: the transforms magnify the rounding of bfloat16 beyond use."""
    size, channels = kernel.shape[0], kernel.shape[2:]
    return size in (2, 3) and min(channels) >= _WINOGRAD_CHANNELS and kernel.dtype == jnp.float32


def _direct(x: Array, kernel: Array, stride: int = 1, dilation: int = 1) -> Array:
    """XLA's convolution; a kernel of even size 2 p + 2 is padded by p, as one of size 2 p + 1."""
    p = dilation * ((kernel.shape[0] - 1) // 2)
    pad = ((p, p), (p, p))
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        pad,
        rhs_dilation=(dilation, dilation),
        dimension_numbers=_LAYOUT,
    )


def _split(x: Float[Array, "b h w c"], n: int) -> Float[Array, "b2 i j c"]:
    """The n^2 images of every n-th pixel, padded to one size: a kernel dilated by n sees only one.

    So a dilated convolution of x is a plain one of these images, and what pads them is what pads x.
    """
    if n == 1:
        return x
    x = jnp.pad(x, ((0, 0), (0, -x.shape[1] % n), (0, -x.shape[2] % n), (0, 0)))
    b, h, w, c = x.shape
    x = x.reshape(b, h // n, n, w // n, n, c).transpose(2, 4, 0, 1, 3, 5)
    return x.reshape(n * n * b, h // n, w // n, c)


def _join(x: Float[Array, "b2 i j c"], n: int) -> Float[Array, "b h w c"]:
    """The inverse of `_split`, but for its padding."""
    if n == 1:
        return x
    b, h, w, c = x.shape
    x = x.reshape(n, n, b // n**2, h, w, c).transpose(2, 3, 0, 4, 1, 5)
    return x.reshape(b // n**2, n * h, n * w, c)


@jax.custom_vjp
def _same(x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"]) -> Float[Array, "b h w d"]:
    """A plain convolution, k odd. Its gradient in x is another, with the kernel turned around."""
    return _direct(x, kernel)


def _same_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    """d kernel[u, v] = sum over pixels of x[i + u, j + v]^T dy[i, j], u = v = 0 in the centre.

    With x shifted by each v and dy by each -u that is one matrix product, and few copies.
    """
    x, kernel = residuals
    k, _, c, d = kernel.shape
    offsets = range(-(k // 2), k // 2 + 1)

    def product(x, dy):
        columns = jnp.concatenate([_shift(x, (0, -v)) for v in offsets], axis=-1)
        rows = jnp.concatenate([_shift(dy, (u, 0)) for u in offsets], axis=-1)
        return _outer(columns, rows)

    dx = _direct(dy, kernel[::-1, ::-1].swapaxes(2, 3))
    dk = _sum_over_images(product, x, dy).reshape(k, c, k, d).transpose(2, 0, 1, 3)
    return dx, dk.astype(kernel.dtype)


_same.defvjp(lambda x, kernel: (_direct(x, kernel), (x, kernel)), _same_backward)


@jax.custom_vjp
def _single_channel(x: Float[Array, "b h w 1"], kernel: Float[Array, "3 3 1 d"]) -> Array:
    """With one channel there is no matrix product to gain from: nine scaled images are added."""
    taps = _taps(x[..., 0])
    return sum(taps[n][..., None] * weight for n, weight in enumerate(kernel.reshape(9, -1)))


def _single_channel_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals

    def product(x, dy):
        taps = _taps(x[None, ..., 0]).reshape(9, -1)
        return jnp.matmul(taps, dy.reshape(taps.shape[1], -1), preferred_element_type=jnp.float32)

    dx = _direct(dy, kernel[::-1, ::-1].swapaxes(2, 3))
    dk = _sum_over_images(product, x, dy).reshape(kernel.shape)
    return dx, dk.astype(kernel.dtype)


_single_channel.defvjp(
    lambda x, kernel: (_single_channel(x, kernel), (x, kernel)), _single_channel_backward
)


def _taps(x: Float[Array, "b h w"]) -> Float[Array, "9 b h w"]:
    """The neighbours that a 3x3 kernel sees of every pixel, in the order of the kernel."""
    offsets = (-1, 0, 1)
    return jnp.stack([_shift(x, (0, -u, -v)) for u in offsets for v in offsets])


@jax.custom_vjp
def _halve(x: Float[Array, "b h w c"], kernel: Float[Array, "k k c d"]) -> Array:
    """A convolution of stride 2, h and w even; a kernel of size 3 is one of size 4 ending in 0."""
    return _direct(x, kernel, stride=2)


def _halve_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals
    k = kernel.shape[0]
    padded = jnp.pad(kernel, ((0, 4 - k), (0, 4 - k), (0, 0), (0, 0)))
    dk = _halve_kernel_gradient(x, dy)[:k, :k]
    return _double(dy, padded.swapaxes(2, 3)), dk.astype(kernel.dtype)


_halve.defvjp(lambda x, kernel: (_halve(x, kernel), (x, kernel)), _halve_backward)


def _double(x: Float[Array, "b h w c"], kernel: Float[Array, "4 4 c d"]) -> Array:
    """The adjoint of `_halve`: a plain 2x2 convolution to cells of 2x2 pixels."""
    cells = _to_cells(kernel)
    if _suits_winograd(cells):
        return _from_cells(winograd.convolve(x, cells))
    return _double_directly(x, kernel)


@jax.custom_vjp
def _double_directly(x: Float[Array, "b h w c"], kernel: Float[Array, "4 4 c d"]) -> Array:
    pad = ((1, 1), (1, 1))
    cells = lax.conv_general_dilated(x, _to_cells(kernel), (1, 1), pad, dimension_numbers=_LAYOUT)
    return _from_cells(cells)


def _double_backward(residuals: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, kernel = residuals
    dk = _halve_kernel_gradient(dy, x).swapaxes(2, 3)
    return _halve(dy, kernel.swapaxes(2, 3)), dk.astype(kernel.dtype)


_double_directly.defvjp(
    lambda x, kernel: (_double_directly(x, kernel), (x, kernel)), _double_backward
)


def _halve_kernel_gradient(x: Array, dy: Array) -> Array:
    """d kernel[u] = sum over i of x[2 i + u - 1]^T dy[i] for a 4x4 kernel, in float32.

    Taps 0 and 1 read the cell i of 2x2 pixels (2 i - 1, 2 i), taps 2 and 3 the cell i + 1.
    """
    c, d = x.shape[-1], dy.shape[-1]

    def product(x, dy):
        h, w, _ = dy.shape
        cells = jnp.pad(x, ((1, 1), (1, 1), (0, 0))).reshape(h + 1, 2, w + 1, 2, c).swapaxes(1, 2)
        dy = jnp.pad(dy, ((0, 1), (0, 1), (0, 0)))
        shifted = [_shift(dy, (i, j)) for i in range(2) for j in range(2)]
        return _outer(cells.reshape(h + 1, w + 1, 4 * c), jnp.concatenate(shifted, axis=-1))

    dk = _sum_over_images(product, x, dy).reshape(2, 2, c, 2, 2, d)
    return dk.transpose(3, 0, 4, 1, 2, 5).reshape(4, 4, c, d)


def _to_cells(kernel: Float[Array, "4 4 c d"]) -> Float[Array, "2 2 c 4*d"]:
    """A transposed convolution as a plain one, whose 4 d channels are the pixels of a cell.

    A cell of 2x2 output pixels (2 i - 1, 2 i) sees the inputs i - 1, by taps 2 and 3, and i, by
    taps 0 and 1.
    """
    c, d = kernel.shape[2:]
    taps = kernel.reshape(2, 2, 2, 2, c, d).transpose(0, 2, 4, 1, 3, 5).reshape(2, 2, c, 4 * d)
    return taps[::-1, ::-1]


def _from_cells(cells: Float[Array, "b h w d4"]) -> Float[Array, "b 2*h-2 2*w-2 d4//4"]:
    """The pixels of all cells, without the outermost, which lie outside of the image."""
    b, h, w, _ = cells.shape
    pixels = cells.reshape(b, h, w, 2, 2, -1).swapaxes(2, 3)
    return pixels.reshape(b, 2 * h, 2 * w, -1)[:, 1:-1, 1:-1]


def _sum_over_images(product, x: Array, dy: Array) -> Array:
    """Sum `product` over the batch, one image at a time: its copies then stay in the cache."""
    shape = jax.eval_shape(product, x[0], dy[0])
    start = jnp.zeros(shape.shape, shape.dtype)
    return lax.scan(lambda total, image: (total + product(*image), None), start, (x, dy))[0]


def _outer(x: Float[Array, "h w c"], y: Float[Array, "h w d"]) -> Float[Array, "c d"]:
    """x^T y over the pixels of an image, summed in float32."""
    x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    return jnp.matmul(x.T, y, preferred_element_type=jnp.float32)


def _shift(x: Array, offsets: tuple[int, ...]) -> Array:
    """x moved along its leading axes, zeros coming in: x[i] -> x[i - offset]."""
    widths = [(n, -n, 0) for n in offsets] + [(0, 0, 0)] * (x.ndim - len(offsets))
    return lax.pad(x, jnp.zeros((), x.dtype), widths)
