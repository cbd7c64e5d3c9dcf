"""A contender in a process of its own: no other's threads, memory or settings beside it."""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Run = Callable[[], Any]


def timed(run: Run) -> tuple[Any, float]:
    """What a run returns, and how many seconds it took."""
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


class Contender:
    """`build`, which has to be picklable, is called in the process; what it returns is run there.

    Raises what `build` or the first run raises.
    """

    def __init__(self, build: Callable[[], Run]) -> None:
        # Spawned: a forked JAX can hang.
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, build), daemon=True)
        self._process.start()
        there.close()
        self.timed()  # compiles and warms up

    def timed(self) -> tuple[Any, float]:
        """Run once: the result, and the seconds without the way it takes to here."""
        self._here.send(None)
        try:
            answer = self._here.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"the process ended with {self._process.exitcode}") from None
        if isinstance(answer, Exception):
            self.close()
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        self._here.close()
        self._process.join()


def _serve(connection: Connection, build: Callable[[], Run]) -> None:
    try:
        run = build()
        while True:
            connection.recv()
            connection.send(timed(run))
    except EOFError:  # closed at the other end
        pass
    except Exception as error:
        connection.send(error)
