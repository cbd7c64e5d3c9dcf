"""Ctrl-C and SIGTERM as requests to stop, which a loop honours between steps."""

import signal
from types import FrameType
from typing import Any

import jax


class Interrupt:
    """Context that turns the first Ctrl-C or SIGTERM into a request to stop.

    Several hosts must stop after the same step: the loop asks all of them after each dispatch.
    """

    def __enter__(self) -> "Interrupt":
        self._asked: int | None = None
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._ask) for number in numbers}
        return self

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: FrameType | None) -> None:
        self._asked = number
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C stops at once

    def requested(self) -> bool:
        """Return whether this host was asked to stop."""
        return self._asked is not None

    def heed(self) -> None:
        """Mark the request as honoured."""
        self._asked = None

    def pass_on(self) -> None:
        """Raise the signal again if it came too late for the loop. Call outside of the context.

        Several hosts end together instead, as their run is complete.
        """
        if self._asked is not None and jax.process_count() == 1:
            signal.raise_signal(self._asked)
