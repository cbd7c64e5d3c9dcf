"""A trained network's forward pass, at its quickest."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from cic_jax import network as networks
from cic_jax.convolutions import dispatch
from cic_jax.network import Network

Forward = Callable[[Float[np.ndarray, "b h w 1"]], Float[np.ndarray, "b h4 w4 q"]]

TOGETHER = 2  # images that a core is quickest with at an eighth of the resolution


def infer(
    network: nn.Module, variables: Any, L: Float[Array, "b h w 1"]
) -> Float[Array, "b h4 w4 q"]:
    """The output for photographs, none of which depends on another: `apply` at its quickest.

    On a CPU one at a time while their activations are large, so that they stay in its cache; then
    some at a time, which share the reading of the kernels.
    """
    apply = partial(network.apply, variables)
    if not isinstance(network, Network):
        return dispatch.by_groups(apply, L, TOGETHER)
    x = dispatch.by_groups(partial(apply, method=Network.reduce), L, 1)
    predict = partial(apply, h=L.shape[1], w=L.shape[2], method=Network.predict)
    return dispatch.by_groups(predict, x, TOGETHER)


def compiled(network: nn.Module, variables: dict[str, Any], many: bool = True) -> Forward:
    """The function from L of photographs in [0, 100] to the output, each shape compiled once.

    On batches from the host. The variables are prepared (see `network.prepare`, also for `many`),
    and a batch is shared by the cores of a CPU. What one photograph becomes does not depend on the
    others.
    """
    prepared = networks.prepare(network, variables, many)
    program = dispatch.jit_inference(partial(infer, network))
    return partial(dispatch.by_cores, partial(program, prepared))
