"""Forward passes of a network on the host, compiled for each shape of photographs."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float

from cic_jax import convolutions
from cic_jax.haste import THOROUGH
from cic_jax.hints import Hints
from cic_jax.programs import KEPT, Programs

# Seconds of a shape's photographs after which a program repays its compiling: the one that is there
# at once, the one that is there soon, and the fast one.
EARNED = (0.0, 2.5, 5.0)


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

    def prepare(self, L: Any, hints: Any = None, traced: Callable[[], None] = lambda: None) -> None:
        """Compile for arguments as these, arrays or `jax.ShapeDtypeStruct`s.

        `traced` is as in `Programs.prepare`.
        """


class Compiled:
    """A forward pass with its variables, compiled for each shape."""

    def __init__(
        self,
        function: Callable[..., Any],
        variables: Any,
        name: str | None,
        haste: int = THOROUGH,
        precision: str = "float32",
    ) -> None:
        """Keep programs of `function`, from variables, L and hints to the output.

        Args:
            function: As above.
            variables: Its first argument, on the device.
            name: As in `Programs`; what follows here need not be in it.
            haste: As in `cic_jax.haste`.
            precision: Of the numbers that are multiplied; see `convolutions.jit_inference`.
        """
        jit = partial(convolutions.jit_inference, haste=haste, precision=precision)
        name = None if name is None else f"{name} {haste} {precision}"
        self._programs = Programs(function, variables, jit=jit, name=name)

    def __call__(self, L, hints=None):
        return convolutions.by_cores(lambda x: self._programs(*x), (L, hints))

    def prepare(self, L, hints=None, traced=lambda: None):
        """Compile the program for one photograph, an array or its shape."""
        self._programs.prepare(L, hints, traced=traced)

    def is_kept(self, L, hints=None):
        """Tell whether an earlier process has kept the program for one photograph."""
        return self._programs.is_kept(L, hints)


class Immediate:
    """Forward passes one after the other, each for the shapes that have earned it."""

    def __init__(
        self,
        at_once: Compiled,
        soon: Compiled,
        prepare_fast: Callable[[], Forward],
        first: int = 0,
    ) -> None:
        """Keep the passes; `first` is the number of the one with which a shape begins."""
        self._passes = (lambda: at_once, lambda: soon, prepare_fast)
        self._soon, self._first = soon, first
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

    def prepare(self, L, hints=None, traced=lambda: None):
        """Compile the first program for one photograph, an array or its shape."""
        forward = self._passes[self._begun(jax.tree.map(np.shape, (L, hints)), L, hints)]()
        if isinstance(forward, Prepared):
            forward.prepare(L, hints, traced)

    def _begun(self, shape: Any, L: Any, hints: Any) -> int:
        """Return the stage of a shape; a new one begins with what is kept."""
        if shape not in self._stage:
            kept = self._first == 0 and self._soon.is_kept(L, hints)
            self._stage[shape] = 1 if kept else self._first
        return self._stage[shape]

    def _has_room(self, stage: int) -> bool:
        """Tell whether nothing is being compiled, and a program would not drive out another."""
        busy = self._compiling is not None and self._compiling.is_alive()
        return not busy and sum(each >= stage for each in self._stage.values()) < KEPT

    def _compile(self, stage: int, shape: Any, L: Any, hints: Any) -> None:
        self._passes[stage]()(L, hints)
        self._stage[shape] = stage
