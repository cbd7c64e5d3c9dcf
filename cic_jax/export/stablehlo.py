"""A network as a program of StableHLO, which JAX runs without this package."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from cic_jax import inference
from cic_jax.hints import Hints
from cic_jax.model import Model

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
MULTIPLE = 32  # of the sides of what it takes


def stablehlo(model: Model) -> bytes:
    """Lower a network with its parameters, for any number of photographs.

    `jax.export.deserialize(program).call` takes L 'b h w 1' in [0, 100], h and w multiples of 32,
    and returns the network's output 'b h/4 w/4 q'. For a network with hints, the arrays of
    `hints.Hints` follow L.
    """
    network: Any = model.network.clone(convolution="direct")  # XLA's own, on every platform
    b, h, w, k = export.symbolic_shape(f"b, {MULTIPLE}*h, {MULTIPLE}*w, k")

    def forward(L, *hints):
        known = {"hints": Hints(*hints)} if hints else {}
        return network.apply(model.variables, L, **known)

    shapes: list[tuple[Any, ...]] = [(b, h, w, 1)]
    if inference.takes_hints(network):
        shapes += [(b, k, 2), (b, k, 2), (b, k), (b, model.target.outputs)]
    arrays = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    return bytes(export.export(jax.jit(forward), platforms=PLATFORMS)(*arrays).serialize())
