"""A queue of computations: one runs at a time, few wait, and none for long."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class FullError(Exception):
    """The queue is full."""


class Queue:
    """One thread for computations, so that the server goes on answering meanwhile."""

    def __init__(self, waiting: int, seconds: float) -> None:
        """Let `waiting` computations wait behind the running one, and callers for `seconds`."""
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(1 + waiting)
        self.length = 0  # computations that run or wait
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="colour")

    async def run(self, compute: Callable[..., Result], *arguments: Any) -> Result:
        """Compute `compute(*arguments)` and return its result.

        Raises FullError at once if no place is free, and TimeoutError after the time limit. A
        computation that has not begun by then is dropped; one that has keeps its place to its end.
        """
        if not self._places.acquire(blocking=False):
            raise FullError
        self.length += 1
        future = self._thread.submit(compute, *arguments)
        future.add_done_callback(self._leave)
        return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)

    def _leave(self, _: Any) -> None:
        self.length -= 1
        self._places.release()

    def close(self) -> None:
        """Drop the waiting computations and let the running one end."""
        self._thread.shutdown(cancel_futures=True)
