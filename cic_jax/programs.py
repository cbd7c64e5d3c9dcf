"""Compiled programs of the latest shapes: older ones are dropped, so that memory stays bounded."""

import threading
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import jax

KEPT = 8  # programs of a function


class Programs:
    """A jitted function, of which the programs for the latest shapes of its arguments are kept."""

    def __init__(self, build: Callable[[], Callable[..., Any]]) -> None:
        """Keep `KEPT` programs.

        `build` returns a new function, jitted: what JAX keeps of it, traces and programs, goes with
        the last reference to it, while functions jitted twice share their programs for good.
        """
        self._build = build
        self._programs: dict[Hashable, Callable[..., Any]] = {}  # the latest last
        self._lock = threading.Lock()

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Programs":
        """Jit a function."""
        return cls(lambda: jax.jit(partial(function)))

    def __call__(self, *arguments: Any) -> Any:
        """Call the function on trees of arrays; a new shape is compiled."""
        leaves, structure = jax.tree.flatten(arguments)
        key = structure, *((leaf.shape, leaf.dtype) for leaf in leaves)
        with self._lock:
            program = self._programs.pop(key, None) or self._build()
            self._programs[key] = program
            if len(self._programs) > KEPT:
                del self._programs[next(iter(self._programs))]
        return program(*arguments)
