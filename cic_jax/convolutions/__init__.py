"""Convolutions, computed in the fastest way on each backend.

Import from this module alone: the files behind it are its own. `convolve`,
`convolve_transposed`, `depthwise` and `double_linearly` are the layers of a network; `transform`
prepares a kernel for inference; `resolve` names the engine that 'auto' stands for; `by_phases`,
`by_groups`, `by_cores` and `jit_inference` decide how much is computed at once.

All engines have gradients, and gradients of gradients (`jax.grad` of `jax.grad`). The gradients of
'fast' and 'gpu' are written by hand, for which JAX has no forward mode: `jax.jvp`, `jax.jacfwd` and
`jax.hessian` need the engine 'direct', and raise TypeError with the others.
"""

from cic_jax.convolutions.depthwise import depthwise
from cic_jax.convolutions.dispatch import ENGINES, convolve, convolve_transposed, transform
from cic_jax.convolutions.engine import resolve
from cic_jax.convolutions.linear import double_linearly
from cic_jax.convolutions.phases import by_phases
from cic_jax.convolutions.schedule import by_cores, by_groups, jit_inference
from cic_jax.convolutions.windows import window_mean
from cic_jax.convolutions.winograd import Kernel, TransformedKernel

__all__ = [
    "ENGINES",
    "Kernel",
    "TransformedKernel",
    "by_cores",
    "by_groups",
    "by_phases",
    "convolve",
    "convolve_transposed",
    "depthwise",
    "double_linearly",
    "jit_inference",
    "resolve",
    "transform",
    "window_mean",
]
