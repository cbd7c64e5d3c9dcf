"""sRGB <-> CIELAB under D65 (IEC 61966-2-1; CIE 15:2004); no derivative is ever NaN or infinite."""

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, UInt8

from cic_jax import expected

# Linear sRGB -> XYZ with scikit-image's values, so that both agree to float32 rounding.
XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB)
D65 = np.array([0.95047, 1.0, 1.08883])

# CIELAB's f is a cube root above EPSILON and a straight line below it.
EPSILON = 0.008856
SLOPE = 7.787
OFFSET = 16.0 / 116.0


def rgb_to_lab(rgb: Float[Array, "*b 3"]) -> Float[Array, "*b 3"]:
    """Convert sRGB in [0, 1] to CIELAB: L in [0, 100], a in [-87, 99], b in [-108, 95].

    Half precision is computed, and comes back, as float32: with 8 bits of a value the result would
    be off by 3. Raises TypeError for integers (see `from_uint8`), and ValueError for another number
    of channels.
    """
    linear = linearise(_colours(rgb))
    xyz = _product(XYZ_FROM_RGB / D65[:, None], [linear[..., i] for i in range(3)])
    fx, fy, fz = (_f(t) for t in xyz)
    return jnp.stack([116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)], axis=-1)


def from_uint8(rgb: UInt8[Array, "*b 3"]) -> Float[Array, "*b 3"]:
    """Convert 8-bit sRGB to CIELAB. Raises TypeError for values of another type."""
    if jnp.asarray(rgb).dtype != jnp.uint8:
        raise TypeError(f"colours: expected uint8, got {jnp.asarray(rgb).dtype}: see `rgb_to_lab`")
    return rgb_to_lab(jnp.asarray(rgb).astype(jnp.float32) / 255.0)


def lab_to_rgb(lab: Float[Array, "*b 3"]) -> Float[Array, "*b 3"]:
    """Convert CIELAB to sRGB, clipped to [0, 1]: colours outside the gamut move to its faces.

    Unlike scikit-image this does not clip Z first where b > 200 (L + 16) / 116, far out of gamut.
    Types and errors are those of `rgb_to_lab`.
    """
    lab = _colours(lab)
    return _delinearise(jnp.stack(lab_to_linear(lab[..., 0], lab[..., 1], lab[..., 2]), axis=-1))


def lab_to_linear(
    L: Float[Array, "*b"], a: Float[Array, "*b"], b: Float[Array, "*b"]
) -> list[Float[Array, "*b"]]:
    """Convert CIELAB to planes of linear red, green and blue, in [0, 1] within sRGB's gamut."""
    fy = (L + 16.0) / 116.0
    xyz = [_f_inverse(f) for f in (fy + a / 500.0, fy, fy - b / 200.0)]
    return _product(RGB_FROM_XYZ * D65, xyz)


def lightness(light: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Convert relative luminance in [0, 1] to L in [0, 100]."""
    return 116.0 * _f(light) - 16.0


def _colours(values: ArrayLike) -> Float[Array, "*b 3"]:
    """Return colours in float32 at least, or raise an error for what cannot be meant."""
    try:
        return expected.floats("colours", values, 3)
    except TypeError as error:
        raise TypeError(
            f"{error}: `lab.from_uint8` takes 8-bit values; divide others by their largest"
        ) from None


def _product(matrix: np.ndarray, planes: list[Float[Array, "*b"]]) -> list[Float[Array, "*b"]]:
    # Written out: a matrix product with three columns is slower than nine fused multiplications,
    # and on a GPU it would lose bits to TF32.
    x, y, z = planes
    return [float(m[0]) * x + float(m[1]) * y + float(m[2]) * z for m in matrix]


def _power(x: Float[Array, "*b"], exponent: float) -> Float[Array, "*b"]:
    # For positive x. XLA vectorises exp and log on a CPU, but not its cube root or general power:
    # two to four times faster, and as exact in float32 (1e-7).
    return jnp.exp(exponent * jnp.log(x))


def linearise(rgb: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Convert sRGB values in [0, 1] to linear light."""
    # The power gets no value below the knee, where its slope would be NaN even if multiplied by 0.
    power = _power((jnp.maximum(rgb, 0.04045) + 0.055) / 1.055, 2.4)
    return jnp.where(rgb > 0.04045, power, rgb / 12.92)


def _delinearise(linear: Float[Array, "*b"]) -> Float[Array, "*b"]:
    linear = jnp.clip(linear, 0.0, 1.0)
    power = 1.055 * _power(jnp.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return jnp.where(linear > 0.0031308, power, linear * 12.92)


def _f(t: Float[Array, "*b"]) -> Float[Array, "*b"]:
    return jnp.where(t > EPSILON, _power(jnp.maximum(t, EPSILON), 1 / 3), SLOPE * t + OFFSET)


def _f_inverse(f: Float[Array, "*b"]) -> Float[Array, "*b"]:
    return jnp.where(f > EPSILON ** (1 / 3), f**3, (f - OFFSET) / SLOPE)
