"""The gamut of sRGB: how much chroma, and which bins, it can show at each lightness."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from cic_jax import bins, lab

STEPS = 10  # of bisection: the factor is within 1/1024 of the largest
LIGHTEST = 100  # the largest L
SLACK = 1e-4  # of linear light, about a tenth of an 8-bit step


def fit(L: Float[Array, "*b 1"], ab: Float[Array, "*b 2"]) -> Float[Array, "*b 2"]:
    """Multiply ab by the largest factor in [0, 1] with which sRGB can show it at this lightness."""
    return reach(L, ab) * ab


def reach(
    L: Float[Array, "*b 1"], ab: Float[Array, "*b 2"], limit: float = 1.0
) -> Float[Array, "*b 1"]:
    """Find the largest factor of ab, up to `limit` >= 1, with which sRGB can show it."""
    steps = STEPS + math.ceil(math.log2(limit))
    lightness, a, b = L[..., 0], limit * ab[..., 0], limit * ab[..., 1]

    def bisect(i, factor):
        larger = factor + 0.5**i
        return jnp.where(is_shown(lightness, larger * a, larger * b), larger, factor)

    factor = jax.lax.fori_loop(1, steps + 1, bisect, jnp.zeros_like(a))
    return limit * jnp.where(is_shown(lightness, a, b), 1.0, factor)[..., None]


def is_shown(
    L: Float[Array, "*b"], a: Float[Array, "*b"], b: Float[Array, "*b"]
) -> Bool[Array, "*b"]:
    """Tell whether a colour lies in sRGB's gamut, to within `SLACK` of linear light."""
    light = jnp.stack(lab.lab_to_linear(L, a, b))
    return jnp.all(jnp.abs(light - 0.5) <= 0.5 + SLACK, axis=0)


def possible(L: Float[Array, "*b 1"], centers: Float[np.ndarray, "q 2"]) -> Bool[Array, "*b q"]:
    """Tell which bins hold a colour that sRGB can show at a lightness, rounded to a whole number.

    A bin counts if its centre, moved towards grey by half the diagonal of its cell, is shown. Where
    no bin counts, all do.
    """
    rows = jnp.clip(jnp.round(L[..., 0]), 0, LIGHTEST).astype(jnp.int32)
    return jnp.asarray(_table(np.ascontiguousarray(centers, np.float32).tobytes()))[rows]


@functools.cache
def _table(centers: bytes) -> Bool[np.ndarray, "101 q"]:
    """Tabulate `possible` for every whole lightness."""
    points = np.frombuffer(centers, np.float32).reshape(-1, 2)
    chroma = np.hypot(*points.T)[:, None]
    half = bins.pitch(points) / math.sqrt(2)
    inner = points * np.maximum(0, 1 - half / np.maximum(chroma, 1e-6))
    lightness = np.arange(LIGHTEST + 1, dtype=np.float32)[:, None]
    with jax.ensure_compile_time_eval():
        shown = jax.jit(is_shown)  # one program, not one for each of its operations
        table = np.array(shown(*np.broadcast_arrays(lightness, *inner.T.astype(np.float32))))
    table[~table.any(axis=1)] = True
    return table
