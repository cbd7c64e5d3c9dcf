"""The fast forward pass of a trained network, shared by colouring, scoring and benchmarks."""

import functools
import inspect
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Array, Float

from cic_jax import convolutions, haste, machine
from cic_jax.hints import Hints
from cic_jax.layers import Convolution
from cic_jax.programs import KEPT, Programs


@runtime_checkable
class Forward(Protocol):
    """A compiled forward pass on the host."""

    def __call__(
        self, L: Float[np.ndarray, "b h w 1"], hints: Hints | None = None
    ) -> Float[np.ndarray, "b h4 w4 q"]:
        """Compute the output from L in [0, 100] and, for a network that takes them, hints."""


@runtime_checkable
class Prepared(Protocol):
    """A forward pass that can be compiled before it is asked for."""

    def prepare(self, L: Any, hints: Any = None) -> None:
        """Compile for arguments as these, arrays or `jax.ShapeDtypeStruct`s."""


MULTIPLE = 64  # to which the sides of a photograph are padded, so that few shapes are compiled
GROUP = 2  # images at a time, the quickest for a core at an eighth of the resolution
# Seconds of a shape's photographs after which a program repays its compiling: the one that is there
# at once, the one that is there soon, and the fast one.
EARNED = (0.0, 1.0, 5.0)
PRECISIONS = ("auto", "float32", "bfloat16")
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
    return _Compiled(network, prepared, name, precision=precision)


def immediate(
    network: nn.Module,
    variables: dict[str, Any],
    photographs: int = PANELS_FROM,
    name: str | None = None,
    precision: str = "float32",
) -> Forward:
    """Compile a forward pass whose first result comes soon, as that of `compiled` in its arguments.

    Where the fastest program takes long to compile, on a CPU, the photographs of a shape go through
    quicker ones, in float32; as they have taken `EARNED` seconds, the next is compiled beside them.
    A shape begins with the second one where an earlier process has kept it.
    """
    precision = resolve_precision(precision, network)  # refused before anything is compiled
    if _engine(network) != "fast":
        return compiled(network, variables, photographs, name, precision)
    quick, placed = network.clone(convolution="quick"), jax.device_put(variables)
    at_once, soon = (_Compiled(quick, placed, name, hurry) for hurry in (haste.AT_ONCE, haste.SOON))
    fast = functools.cache(partial(compiled, network, variables, photographs, name, precision))
    return _Immediate(at_once, soon, fast)


class _Compiled:
    """A network with its variables, compiled for each shape."""

    def __init__(
        self,
        network: nn.Module,
        prepared: dict[str, Any],
        name: str | None,
        hurry: int = haste.THOROUGH,
        precision: str = "float32",
    ) -> None:
        jit = partial(convolutions.jit_inference, haste=hurry, precision=precision)
        name = None if name is None else f"{name} {network!r} {hurry} {precision}"
        self._programs = Programs(partial(infer, network), prepared, jit=jit, name=name)

    def __call__(self, L, hints=None):
        return convolutions.by_cores(lambda x: self._programs(*x), (L, hints))

    def prepare(self, L, hints=None):
        """Compile the program for one photograph, an array or its shape."""
        self._programs.prepare(L, hints)

    def is_kept(self, L, hints=None):
        """Tell whether an earlier process has kept the program for one photograph."""
        return self._programs.is_kept(L, hints)


class _Immediate:
    """Forward passes one after the other, each for the shapes that have earned it."""

    def __init__(
        self, at_once: _Compiled, soon: _Compiled, prepare_fast: Callable[[], Forward]
    ) -> None:
        self._passes = (lambda: at_once, lambda: soon, prepare_fast)
        self._soon = soon
        self._seconds: dict[Any, float] = {}  # that its photographs have taken, by shape
        self._stage: dict[Any, int] = {}  # of the passes, by shape
        self._compiling: threading.Thread | None = None

    def __call__(self, L, hints=None):
        shape = jax.tree.map(np.shape, (L, hints))
        stage = self._begun(shape, L, hints)
        start = time.monotonic()
        output = self._passes[stage]()(L, hints)
        passed = time.monotonic() - start
        # The first includes the compiling.
        self._seconds[shape] = self._seconds[shape] + passed if shape in self._seconds else 0.0
        later = stage + 1
        if later < len(EARNED) and self._seconds[shape] >= EARNED[later] and self._has_room(later):
            # Waited for at the end of the process: ended within XLA, it would end in an abort.
            self._compiling = threading.Thread(target=self._compile, args=(later, shape, L, hints))
            self._compiling.start()
        return output

    def prepare(self, L, hints=None):
        """Compile the first program for one photograph, an array or its shape."""
        forward = self._passes[self._begun(jax.tree.map(np.shape, (L, hints)), L, hints)]()
        if isinstance(forward, Prepared):
            forward.prepare(L, hints)

    def _begun(self, shape: Any, L: Any, hints: Any) -> int:
        """Return the stage of a shape; a new one begins with what is kept."""
        if shape not in self._stage:
            self._stage[shape] = 1 if self._soon.is_kept(L, hints) else 0
        return self._stage[shape]

    def _has_room(self, stage: int) -> bool:
        """Tell whether nothing is being compiled, and a program would not drive out another."""
        busy = self._compiling is not None and self._compiling.is_alive()
        return not busy and sum(each >= stage for each in self._stage.values()) < KEPT

    def _compile(self, stage: int, shape: Any, L: Any, hints: Any) -> None:
        self._passes[stage]()(L, hints)
        self._stage[shape] = stage


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
