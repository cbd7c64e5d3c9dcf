"""A trace of some steps of a run, by JAX's profiler."""

from pathlib import Path
from typing import Any

import jax

from cic_jax.train.config import ConfigError

TRACES = "profile"  # in the directory of a run; TensorBoard's profile plugin shows it


def parse(text: str) -> tuple[int, int] | None:
    """Read 'A:B', steps counted from 0, B left out; None for ''. ConfigError for other text."""
    if not text:
        return None
    first, colon, last = text.partition(":")
    if not (colon and first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise ConfigError(
            f"--profile_steps must be A:B with A below B, such as 100:110; it is {text!r}"
        )
    return int(first), int(last)


class Profile:
    """Context that traces the steps from one number to another; None for no trace."""

    def __init__(self, workdir: Path, steps: tuple[int, int] | None):
        self._folder, self._steps = workdir / TRACES, steps
        self._running = False

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop()

    def bound(self, step: int, until: int) -> int:
        """Return the last step of a dispatch that begins after `step`: `until`, or a border."""
        borders = [border for border in self._steps or () if step < border]
        return min([until, *borders])

    def at(self, step: int) -> None:
        """Begin or end the trace where this step says so."""
        if self._steps is None:
            return
        first, last = self._steps
        if not self._running and first <= step < last:
            jax.profiler.start_trace(str(self._folder))
            self._running = True
        elif step >= last:
            self._stop()

    def _stop(self) -> None:
        if self._running:
            jax.profiler.stop_trace()
            self._running = False
