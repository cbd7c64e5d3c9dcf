"""The fast forward pass of a trained network, shared by colouring, scoring and benchmarks."""

import functools
import inspect
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Array, Float

from cic_jax import convolutions, machine
from cic_jax.haste import AT_ONCE, SOON
from cic_jax.hints import Hints
from cic_jax.layers import Convolution
from cic_jax.passes import Compiled, Forward, Immediate

MULTIPLE = 64  # to which the sides of a photograph are padded, so that few shapes are compiled
GROUP = 2  # images at a time, the quickest for a core at an eighth of the resolution
PRECISIONS = ("auto", "float32", "bfloat16")
FEW = 8  # photographs, up to which optimising a program takes longer than it saves
PANELS_FROM = 200  # photographs from which on panelled kernels repay their longer loading


@runtime_checkable
class Halved(Protocol):
    """A network in two halves: `encode` at a high resolution, `decode` at a low one."""

    def encode(self, L: Any, train: bool = False) -> Any:
        """Reduce lightness to features."""

    def decode(self, x: Any, train: bool = False) -> Any:
        """Predict logits from features, for an input padded to a multiple of 8."""


def takes_hints(network: nn.Module) -> bool:
    """Tell whether a network takes hints besides the lightness."""
    return "hints" in inspect.signature(type(network).__call__).parameters


def resolve_precision(precision: str, network: nn.Module) -> str:
    """Resolve 'auto' to bfloat16 where the processor itself multiplies it, elsewhere to float32.

    That is for networks whose engine is 'fast'. Raises ValueError for a name that is not in
    `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        expected = ", ".join(PRECISIONS)
        raise ValueError(f"precision: expected one of {expected}; got {precision!r}")
    if precision != "auto":
        return precision
    gains = _engine(network) == "fast" and machine.multiplies_bfloat16()
    return "bfloat16" if gains else "float32"


def _engine(network: nn.Module) -> str:
    """Name the engine of a network; '' for one that has none of its own."""
    own = getattr(network, "convolution", None)
    return "" if own is None else convolutions.resolve(own)


def infer(
    network: nn.Module,
    variables: Any,
    L: Float[Array, "b h w 1"],
    hints: Hints | None = None,
) -> Float[Array, "b h4 w4 q"]:
    """Apply a network to a batch of photographs, none of which depends on another.

    On a CPU, `encode` runs on one photograph at a time, whose large activations then stay in the
    cache, and `decode` on a few at a time, which share the reading of the kernels. For `jax.jit`.
    """
    apply = partial(network.apply, variables)
    if hints is not None:
        return convolutions.by_groups(lambda x: apply(x[0], hints=x[1]), (L, hints), GROUP)
    if not isinstance(network, Halved):
        return convolutions.by_groups(apply, L, GROUP)
    h, w = L.shape[1:3]
    x = convolutions.by_groups(partial(apply, method="encode"), L, 1)
    output = convolutions.by_groups(partial(apply, method="decode"), x, GROUP)
    return output[:, : -(-h // 4), : -(-w // 4)]


def compiled(
    network: nn.Module,
    variables: dict[str, Any],
    photographs: int = PANELS_FROM,
    name: str | None = None,
    precision: str = "float32",
) -> Forward:
    """Compile the forward pass: a function from L in [0, 100] and hints to the output.

    Each shape is compiled on first use; the latest `programs.KEPT` are kept. The cores of a CPU
    share a batch. The result for one photograph does not depend on the others. Raises ValueError
    for another precision.

    Args:
        network: A network, whose own dtype is that of the activations.
        variables: Its variables.
        photographs: The number expected in all: below `PANELS_FROM`, the fastest kernels are not
            worth the time that they take to load.
        name: Tells all networks apart whose programs are kept for later processes; None keeps them
            in this one alone.
        precision: One of `PRECISIONS`, of the numbers that are multiplied; sums are in float32.
    """
    precision = resolve_precision(precision, network)
    if precision != "float32" and _engine(network) != "fast":
        if not hasattr(network, "dtype"):
            raise ValueError(f"precision: this network computes in float32 alone; got {precision}")
        network = network.clone(dtype=jnp.dtype(precision))
    prepared = prepare(network, variables, photographs >= PANELS_FROM, precision)
    function, named = partial(infer, network), _named(name, network)
    return Compiled(function, prepared, named, precision=precision)


def immediate(
    network: nn.Module,
    variables: dict[str, Any],
    photographs: int = PANELS_FROM,
    name: str | None = None,
    precision: str = "float32",
) -> Forward:
    """Compile a forward pass whose first result comes soon, as that of `compiled` in its arguments.

    Where the fastest program takes long to compile, on a CPU, the photographs of a shape go through
    quicker ones, in float32; as they have taken `passes.EARNED` seconds, the next is compiled
    beside. A shape begins with the second one where an earlier process has kept it, or where at
    least `FEW` photographs are expected.
    """
    precision = resolve_precision(precision, network)  # refused before anything is compiled
    if _engine(network) != "fast":
        return compiled(network, variables, photographs, name, precision)
    quick, placed = network.clone(convolution="quick"), jax.device_put(variables)
    at_once, soon = (
        Compiled(partial(infer, quick), placed, _named(name, quick), haste)
        for haste in (AT_ONCE, SOON)
    )
    fast = functools.cache(partial(compiled, network, variables, photographs, name, precision))
    return Immediate(at_once, soon, fast, first=0 if photographs < FEW else 1)


def _named(name: str | None, network: nn.Module) -> str | None:
    return None if name is None else f"{name} {network!r}"


def prepare(
    network: nn.Module,
    variables: dict[str, Any],
    panels: bool = True,
    precision: str = "float32",
) -> dict[str, Any]:
    """Transform the kernels of every `network.Convolution`, once for all calls, and place them.

    Pass the result to `apply` in place of `variables`. `panels` and `precision` are as in
    `convolutions.transform`. Computes on the host, so it cannot be traced.
    """
    params = flatten_dict(variables.get("params", {}))
    for path, layer in _convolutions(network, variables).items():
        params[*path, "kernel"] = convolutions.transform(
            params[*path, "kernel"],
            stride=layer.stride,
            engine=layer.engine,
            panels=panels,
            precision=precision,
        )
    return jax.device_put({**variables, "params": unflatten_dict(params)})


def _convolutions(network: nn.Module, variables: Any) -> dict[tuple[str, ...], Convolution]:
    """Find the convolutions of a network by their paths; nothing is computed."""
    layers: dict[tuple[str, ...], Convolution] = {}

    def record(method, args, kwargs, context):
        layer = context.module
        if not isinstance(layer, Convolution) or context.method_name != "__call__":
            return method(*args, **kwargs)
        layers[layer.path] = layer
        (x,) = args
        b, h, w = x.shape[:3]
        if layer.upsample:
            return jnp.zeros((b, 2 * h, 2 * w, layer.channels), x.dtype)
        return jnp.zeros((b, -(-h // layer.stride), -(-w // layer.stride), layer.channels), x.dtype)

    with nn.intercept_methods(record):
        jax.eval_shape(network.apply, variables, jax.ShapeDtypeStruct((1, 32, 32, 1), jnp.float32))
    return layers
