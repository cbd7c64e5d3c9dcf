"""A network, its variables and the meaning of its output, as a checkpoint describes them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Float
from ml_collections import ConfigDict

from cic_jax import bins, kept, prior
from cic_jax.configs import default
from cic_jax.description import Description
from cic_jax.network import create
from cic_jax.target import Palette, Target, distribution, regression

# (config, outputs, axis name of the devices' common step or None) -> a Flax module
BuildNetwork = Callable[[ConfigDict, int, str | None], nn.Module]
BuildTarget = Callable[[ConfigDict, Palette | None], Target]  # without a palette where ab is asked


class Model(NamedTuple):
    """A trained model; `description` suffices to rebuild the rest around the variables."""

    network: nn.Module
    variables: dict[str, Any]
    target: Target
    description: Description

    def __repr__(self) -> str:
        """Name the network and its size; arrays and the whole config would fill many screens."""
        size = sum(np.size(array) for array in jax.tree.leaves(self.variables.get("params", {})))
        network, predicted = self.description["network"], self.description["predict"]
        width = self.description["width"]
        return f"Model({network} of width {width:g}, {size:,} parameters, predicts {predicted})"


def describe(
    network: str,
    *,
    width: float = 1.0,
    centers: Float[np.ndarray, "q 2"] | None = bins.CENTERS,
    palette: Palette | None = None,
    lightness_scale: float = 50.0,
    factories: Mapping[str, str] | None = None,
    config: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
) -> Description:
    """Describe a model in a dictionary that JSON can hold.

    Args:
        network: One of `network.NETWORKS`.
        width: Multiplier of the network's channels.
        centers: Bins that the target predicts; None if it predicts ab itself.
        palette: Bins, prior and class weights from which the target was built; None if unknown.
        lightness_scale: The network sees (L - 50) / lightness_scale.
        factories: Names of the caller's functions that built "network" or "target".
        config: Whole config of the training.
        metrics: Validation metrics.
    """
    factories = dict(factories or {})
    description = {
        "network": factories.get("network", network),
        "width": width,
        "lightness_scale": lightness_scale,
        "predict": "ab" if centers is None else "bins",
        "centers": _listed(centers),
        "prior": None if palette is None else _listed(palette.prior),
        "class_weights": None if palette is None else _listed(palette.class_weights),
        "factories": factories,
        "config": config or {},
        "metrics": metrics or {},
    }
    if "target" in factories:
        description["palette_centers"] = None if palette is None else _listed(palette.centers)
    return description


def _listed(array: np.ndarray | None) -> list | None:
    return None if array is None else np.asarray(array).tolist()


def palette(description: Description) -> Palette | None:
    """Return the bins, prior and class weights that a model was trained with.

    None for a model without bins. If the prior is unknown, all bins weigh the same.
    """
    centers = description.get("palette_centers", description["centers"])
    if centers is None:
        return None
    centers = np.asarray(centers, np.float32)
    if description.get("prior") is None:
        return Palette(centers, np.full(len(centers), 1 / len(centers), np.float32), None)
    p = np.asarray(description["prior"], np.float32)
    if "class_weights" in description:
        weights = description["class_weights"]
        return Palette(centers, p, None if weights is None else np.asarray(weights, np.float32))
    about = default.completed(description["config"]).prior  # an older description
    return Palette(
        centers, p, None if about.source == "uniform" else prior.class_weights(p, about.mix)
    )


def build_target(config: ConfigDict, palette: Palette | None) -> Target:
    """Build the target that `config.target` describes; without a palette it predicts ab itself."""
    if palette is None:
        return regression()
    return distribution(
        palette.centers,
        palette.class_weights,
        neighbors=config.target.neighbors,
        sigma=config.target.sigma,
        skip_grey=config.target.skip_grey,
        prior=palette.prior,
    )


def build(
    description: Description,
    variables: dict[str, Any],
    convolution: str = "auto",
    *,
    build_network: BuildNetwork | None = None,
    build_target: BuildTarget = build_target,
) -> Model:
    """Put a model together from its description and variables (float32 or bfloat16).

    Args:
        description: See `describe`.
        variables: Variables of the network; `{}` if they do not matter.
        convolution: Engine of the built-in networks, one of `convolutions.ENGINES`.
        build_network: Function of the caller's that built the network; None for a built-in one.
        build_target: The same for the target.
    """
    config = default.completed(description["config"])
    target = build_target(config, palette(description))
    if build_network is not None:
        network = build_network(config, target.outputs, None)
    else:
        network = create(
            description["network"],
            target.outputs,
            description["width"],
            lightness_scale=description["lightness_scale"],
            convolution=convolution,
        )
    return Model(network, jax.device_put(variables), target, description)


def shapes(description: Description, **factories: Any) -> dict[str, Any]:
    """Return the shapes of the variables that a description needs, as a tree.

    `factories` are keyword arguments of `build`.
    """
    if factories or description.get("factories"):
        return _traced_shapes(description, **factories)
    # Tracing takes a third of a second.
    name = kept.name("shapes", json.dumps(description, sort_keys=True))
    if (found := kept.read(name)) is not None:
        arrays = {tuple(path): jax.ShapeDtypeStruct(*about) for path, *about in json.loads(found)}
        return {"params": {}, "batch_stats": {}, **unflatten_dict(arrays)}
    traced = _traced_shapes(description)
    rows = [(path, x.shape, str(x.dtype)) for path, x in flatten_dict(traced).items()]
    kept.write(name, json.dumps(rows).encode())
    return traced


def _traced_shapes(description: Description, **factories: Any) -> dict[str, Any]:
    network = build(description, {}, "direct", **factories).network  # quicker to trace
    variables = jax.eval_shape(lambda: network.init(jax.random.key(0), jnp.zeros((1, 32, 32, 1))))
    return {"params": variables["params"], "batch_stats": variables.get("batch_stats", {})}


def parameter_count(variables: dict[str, Any]) -> int:
    """Count the trainable parameters, without running statistics."""
    return sum(x.size for x in jax.tree.leaves(variables["params"]))


def require_same_shapes(wanted: dict[str, Any], given: dict[str, Any], origin: str) -> None:
    """Raise ValueError, naming the arrays, if the variables from `origin` do not fit."""
    sizes = [
        {jax.tree_util.keystr(path): x.shape for path, x in jax.tree.leaves_with_path(tree)}
        for tree in (wanted, given)
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
