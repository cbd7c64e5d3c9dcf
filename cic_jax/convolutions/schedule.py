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


def jit_inference(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a forward pass by `jax.jit`, with the matrix products fastest for it on this backend.

    By default, XLA's CPU backend uses YNNPACK's products and convolutions. This limits it to its
    older ones, of Eigen and oneDNN, which are faster in a forward pass and slower in training.
    """
    options = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE"}
    return jax.jit(function, compiler_options=options if resolve("auto") == "fast" else None)


def by_groups(
    apply: Callable[[Array], Any], x: Float[Array, "b h w c"], size: int
) -> Float[Array, "b h2 w2 d"]:
    """Apply a function to `size` images at a time if 'auto' is the fast engine, else to all.

    For inference: the result for one image must not depend on the others.
    """
    whole = len(x) - len(x) % size
    if len(x) <= size or resolve("auto") != "fast":
        return apply(x)
    y = lax.map(apply, x[:whole].reshape(-1, size, *x.shape[1:]))
    y = y.reshape(whole, *y.shape[2:])
    return y if whole == len(x) else jnp.concatenate([y, apply(x[whole:])])


def by_cores(
    apply: Callable[[np.ndarray], Array], x: Float[np.ndarray, "b h w c"], cores: int | None = None
) -> Float[np.ndarray, "b h2 w2 d"]:
    """Apply a function to a part of the batch on each core if 'auto' is the fast engine.

    For inference outside `jax.jit`, on `cores` cores (None: all). XLA would share every
    operation among all cores, each of which then reads what another has just written; with a part
    of its own, no core waits for another.
    """
    available = cores or os.cpu_count() or 1
    count = min(available, len(x)) if resolve("auto") == "fast" else 1
    if count < 2:
        return np.asarray(apply(x))
    with ThreadPoolExecutor(count) as threads:
        parts = list(threads.map(lambda part: np.asarray(apply(part)), np.array_split(x, count)))
        y = np.empty((len(x), *parts[0].shape[1:]), parts[0].dtype)
        list(threads.map(np.copyto, np.array_split(y, count), parts))
    return y
