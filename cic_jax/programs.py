"""Compiled programs of the latest shapes: older ones are dropped, so that memory stays bounded.

They can be kept for later processes, which then need not trace what they came from, either.
"""

import threading
import uuid
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

import jax
from jax.experimental import serialize_executable

from cic_jax import kept

KEPT = 8  # programs of a function


class Programs:
    """A function, of which the programs for the latest shapes of its arguments are kept."""

    def __init__(
        self,
        function: Callable[..., Any],
        *bound: Any,
        jit: Callable[[Callable[..., Any]], Any] = jax.jit,
        name: str | None = None,
    ) -> None:
        """Keep `KEPT` programs of `function`, compiled by `jit`.

        Args:
            function: Returns an array or a tuple of arrays.
            bound: Its first arguments in all calls, trees of arrays.
            jit: As `jax.jit`.
            name: What the function computes, in every detail that its arguments do not tell:
                later processes find its programs by that. None keeps them in this process alone.
        """
        self._function = function
        self._bound = bound
        self._jit = jit
        self._name = name
        self._programs: dict[Hashable, Future] = {}  # the latest last
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        """Call the function on trees of arrays; a new shape is compiled."""
        arguments = (*self._bound, *arguments)
        return self._program(arguments)(*arguments)

    def prepare(self, *arguments: Any, traced: Callable[[], None] = lambda: None) -> None:
        """Compile the program for arguments as these, arrays or `jax.ShapeDtypeStruct`s.

        `traced` is called as soon as nothing but XLA's work is left, which lets other threads run;
        where a kept program is damaged, once more.
        """
        self._program((*self._bound, *arguments), traced)

    def is_kept(self, *arguments: Any) -> bool:
        """Tell whether an earlier process has kept the program for arguments as these."""
        return self._is_to_be_kept() and kept.exists(self._kept((*self._bound, *arguments)))

    def _program(
        self, arguments: tuple[Any, ...], traced: Callable[[], None] = lambda: None
    ) -> Callable[..., Any]:
        leaves, structure = jax.tree.flatten(arguments)
        key = structure, *((leaf.shape, leaf.dtype) for leaf in leaves)
        with self._lock:
            promised = self._programs.pop(key, None)
            ours = promised is None
            promised = Future() if promised is None else promised
            self._programs[key] = promised
            if len(self._programs) > KEPT:
                del self._programs[next(iter(self._programs))]
        if ours:  # other threads wait for it
            try:
                promised.set_result(self._made(arguments, traced))
            except BaseException as error:
                with self._lock:
                    self._programs.pop(key, None)
                promised.set_exception(error)
        else:
            traced()
        return promised.result()

    def _made(self, arguments: tuple[Any, ...], traced: Callable[[], None]) -> Callable[..., Any]:
        """Load a program, or compile it."""
        if self._is_to_be_kept() and kept.exists(self._kept(arguments)):
            traced()
            if (program := self._loaded(arguments)) is not None:
                return program
        lowered = self._lowered(arguments)
        traced()
        return self._compiled(lowered, arguments)

    def _lowered(self, arguments: tuple[Any, ...]) -> jax.stages.Lowered:
        """Trace the function."""

        def program(*arguments: Any) -> Any:
            return self._function(*arguments)

        # A new function each time: what JAX keeps of one goes with the last reference to it.
        program.__name__ = getattr(self._function, "__name__", "program")
        if self._is_to_be_kept():  # what JAX reads from its own files cannot be kept once more
            program.__name__ += f"_{uuid.uuid4().hex}"
        return self._jit(program).lower(*arguments)

    def _is_to_be_kept(self) -> bool:
        return self._name is not None and kept.folder() is not None

    def _compiled(
        self, lowered: jax.stages.Lowered, arguments: tuple[Any, ...]
    ) -> Callable[..., Any]:
        """Compile a program, and keep it for later processes."""
        compiled = lowered.compile()
        if self._is_to_be_kept():
            contents, _, outputs = serialize_executable.serialize(compiled)
            count = outputs.num_leaves if outputs != jax.tree.structure(0) else 0
            kept.write(self._kept(arguments), bytes([count]) + contents)
        return compiled

    def _loaded(self, arguments: tuple[Any, ...]) -> Callable[..., Any] | None:
        """Load a program that an earlier process kept; None where it cannot be used."""
        if (contents := kept.read(self._kept(arguments))) is None:
            return None
        count = contents[0]
        outputs = jax.tree.structure((0,) * count if count else 0)
        inputs = jax.tree.structure((arguments, {}))
        try:
            return serialize_executable.deserialize_and_load(
                contents[1:], inputs, outputs, execution_devices=jax.devices()[:1]
            )
        except jax.errors.JaxRuntimeError:  # XLA does not take it: compiled anew, and kept again
            return None

    def _kept(self, arguments: tuple[Any, ...]) -> str:
        leaves, structure = jax.tree.flatten(arguments)
        shapes = [f"{leaf.dtype}{leaf.shape}" for leaf in leaves]
        return kept.name(str(self._name), str(structure), *shapes)
