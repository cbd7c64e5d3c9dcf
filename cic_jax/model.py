"""A network, its variables and the meaning of its output, as a checkpoint describes them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from cic_jax import bins
from cic_jax import network as networks
from cic_jax import target as targets


class Model(NamedTuple):
    """All that is needed to colour; `description` is JSON and rebuilds the rest around variables.

    Its keys: 'network', 'width', 'lightness_scale', 'predict' ('bins' or 'ab'), 'centers' (rows of
    a, b, or None), and for the record 'config' and 'metrics'.
    """

    network: networks.Network
    variables: dict[str, Any]
    target: targets.Target
    description: dict[str, Any]


def describe(
    network: str,
    *,
    width: float = 1.0,
    centers: Float[np.ndarray, "q 2"] | None = bins.CENTERS,
    lightness_scale: float = 50.0,
    config: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The description of a model; `centers` None means that it predicts ab itself."""
    return {
        "network": network,
        "width": width,
        "lightness_scale": lightness_scale,
        "predict": "ab" if centers is None else "bins",
        "centers": None if centers is None else np.asarray(centers).tolist(),
        "config": config or {},
        "metrics": metrics or {},
    }


def build(
    description: dict[str, Any], variables: dict[str, Any], convolution: str = "auto"
) -> Model:
    """Put a model together from its description and variables (float32 or bfloat16)."""
    target = targets.regression()
    if description["predict"] == "bins":
        target = targets.distribution(np.asarray(description["centers"], np.float32))
    network = networks.create(
        description["network"],
        target.outputs,
        description["width"],
        lightness_scale=description["lightness_scale"],
        convolution=convolution,
    )
    return Model(network, jax.tree.map(jnp.asarray, variables), target, description)


def shapes(description: dict[str, Any]) -> dict[str, Any]:
    """The tree of variables that a description asks for, as shapes."""
    network = build(description, {}, convolution="direct").network  # quicker to trace
    return jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 32, 32, 1)))


def parameter_count(variables: dict[str, Any]) -> int:
    """Trainable parameters; running statistics are none."""
    return sum(x.size for x in jax.tree.leaves(variables["params"]))


def require_same_shapes(wanted: dict[str, Any], found: dict[str, Any], origin: str) -> None:
    """Raise ValueError, naming the arrays, where variables from `origin` do not fit a network."""
    sizes = [
        {jax.tree_util.keystr(path): x.shape for path, x in jax.tree.leaves_with_path(tree)}
        for tree in (wanted, found)
    ]
    wrong = [
        k for k in sorted(sizes[0].keys() | sizes[1].keys()) if sizes[0].get(k) != sizes[1].get(k)
    ]
    if wrong:
        shown = "; ".join(
            f"{k} is {sizes[1].get(k)}, expected {sizes[0].get(k)}" for k in wrong[:3]
        )
        raise ValueError(
            f"{origin} does not fit the configured network in {len(wrong)} arrays: {shown}"
        )
