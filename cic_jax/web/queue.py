"""Computations one at a time, few of them waiting, none for long."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class FullError(Exception):
    """Too many wait already."""


class Queue:
    """One thread that computes, so that the server goes on answering while it does."""

    def __init__(self, waiting: int, seconds: float) -> None:
        """At most `waiting` computations behind the one that runs, each answered in `seconds`."""
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(1 + waiting)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="colour")

    async def run(self, compute: Callable[..., Result], *arguments: Any) -> Result:
        """The result of `compute(*arguments)`.

        Raises FullError at once where no place is free, and TimeoutError after the time limit; what
        waits is then dropped, but what runs already keeps its place until it ends.
        """
        if not self._places.acquire(blocking=False):
            raise FullError
        future = self._thread.submit(compute, *arguments)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)

    def close(self) -> None:
        """Drop what waits and let what runs end."""
        self._thread.shutdown(cancel_futures=True)
