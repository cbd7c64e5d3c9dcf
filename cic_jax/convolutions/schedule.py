"""Scheduling of a forward pass: compilation, groups of images, cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from cic_jax.convolutions.engine import resolve
from cic_jax.haste import THOROUGH, options

YNNPACK = "xla_cpu_experimental_ynn_fusion_type"
SUMS, PRODUCTS = "LIBRARY_FUSION_TYPE_REDUCE", "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"


def jit_inference(
    function: Callable[..., Any], haste: int = THOROUGH, precision: str = "float32"
) -> Callable[..., Any]:
    """Compile a forward pass by `jax.jit`, with the matrix products fastest for it on this backend.

    `haste` is as in `cic_jax.haste`. `precision` is the dtype of most factors.

    By default, XLA's CPU backend uses YNNPACK's products and convolutions. This limits it to its
    older ones, of Eigen and oneDNN, which in float32 are faster in a forward pass and slower in
    training. Those of bfloat16 they compute in float32, YNNPACK in the processor's own bfloat16.
    """
    if resolve("auto") != "fast":
        return jax.jit(function)
    products = {YNNPACK: SUMS if precision == "float32" else f"{SUMS},{PRODUCTS}"}
    return jax.jit(function, compiler_options=products | options(haste))


def by_groups(apply: Callable[[Any], Any], x: Any, size: int) -> Float[Array, "b h2 w2 d"]:
    """Apply a function to `size` images at a time if 'auto' is the fast engine, else to all.

    `x` is a tree of arrays 'b ...'. For inference: the result for one image must not depend on the
    others.
    """
    count = len(jax.tree.leaves(x)[0])
    whole = count - count % size
    if count <= size or resolve("auto") != "fast":
        return apply(x)
    groups = jax.tree.map(lambda x: x[:whole].reshape(-1, size, *x.shape[1:]), x)
    y = lax.map(apply, groups)
    y = y.reshape(whole, *y.shape[2:])
    if whole == count:
        return y
    return jnp.concatenate([y, apply(jax.tree.map(lambda x: x[whole:], x))])


def by_cores(
    apply: Callable[[Any], Array], x: Any, cores: int | None = None
) -> Float[np.ndarray, "b h2 w2 d"]:
    """Apply a function to a part of the batch on each core if 'auto' is the fast engine.

    `x` is a tree of arrays 'b ...'. For inference outside `jax.jit`, on `cores` cores (None: all).
    XLA would share every operation among all cores, each of which then reads what another has just
    written; with a part of its own, no core waits for another.
    """
    available = cores or os.cpu_count() or 1
    arrays, structure = jax.tree.flatten(x)
    images = len(arrays[0])
    count = min(available, images) if resolve("auto") == "fast" else 1
    if count < 2:
        return np.asarray(apply(x))
    shares = [
        jax.tree.unflatten(structure, share)
        for share in zip(*(np.array_split(array, count) for array in arrays), strict=True)
    ]
    with ThreadPoolExecutor(count) as threads:
        parts = list(threads.map(lambda part: np.asarray(apply(part)), shares))
        y = np.empty((images, *parts[0].shape[1:]), parts[0].dtype)
        list(threads.map(np.copyto, np.array_split(y, count), parts))
    return y
