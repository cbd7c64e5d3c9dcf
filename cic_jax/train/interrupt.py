"""Ctrl-C and SIGTERM as requests that a loop honours between its rounds."""

import signal

import jax
from jax.experimental import multihost_utils


class Interrupt:
    """Turns the first Ctrl-C or SIGTERM within its context into a request.

    Several hosts must stop after the same step: JAX carries a SIGTERM of one to all of them.
    """

    def __enter__(self) -> "Interrupt":
        self._asked: int | None = None
        numbers = (signal.SIGINT, signal.SIGTERM) if jax.process_count() == 1 else ()
        self._before = {number: signal.signal(number, self._ask) for number in numbers}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _) -> None:
        self._asked = number
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C stops at once

    def requested(self, step: int) -> bool:
        """Whether to stop after this step."""
        if jax.process_count() == 1:
            return self._asked is not None
        return multihost_utils.reached_preemption_sync_point(step)

    def heed(self) -> None:
        """The loop has stopped because of it."""
        self._asked = None

    def pass_on(self) -> None:
        """Send on what came too late for the loop to heed; to be called outside of the context."""
        if self._asked is not None:
            signal.raise_signal(self._asked)
