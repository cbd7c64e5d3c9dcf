"""A trained network's forward pass on batches from the host, at its quickest."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from flax import linen as nn
from jaxtyping import Float

from cic_jax import convolution
from cic_jax import network as networks

Forward = Callable[[Float[np.ndarray, "b h w 1"]], Float[np.ndarray, "b h4 w4 q"]]


def compiled(network: nn.Module, variables: dict[str, Any], many: bool = True) -> Forward:
    """The function from L of photographs in [0, 100] to the output, each shape compiled once.

    The variables are prepared (see `network.prepare`, also for `many`), and a batch is shared by
    the cores of a CPU. What one photograph becomes does not depend on the others.
    """
    prepared = networks.prepare(network, variables, many)
    infer = convolution.jit_inference(partial(networks.infer, network))
    return partial(convolution.by_cores, partial(infer, prepared))
