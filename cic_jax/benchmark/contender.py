"""Contenders at some work, in this process or each in a process of its own."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

Run = Callable[[], Any]
Build = Callable[[], Run]  # prepares a contender and returns its run
Timed = Callable[[], tuple[Any, float]]  # runs once; returns the result and the seconds it took


def timed(run: Run) -> tuple[Any, float]:
    """Call a run; return its result and the seconds it took."""
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


class Contender:
    """A contender in this process."""

    def __init__(self, build: Build) -> None:
        """Prepare the run and call it once, to compile and warm up. Raises what either raises."""
        self._run = build()
        self._run()

    def timed(self) -> tuple[Any, float]:
        """Run once; return the result and the seconds it took."""
        return timed(self._run)

    def close(self) -> None:
        """Do nothing: the contender ends with its last reference."""


class SeparateContender:
    """A contender in a process of its own, without the threads, memory or settings of others."""

    def __init__(self, build: Build) -> None:
        """Start a process that prepares the run and calls it once; `build` must be picklable.

        Raises what `build` or the run raises.
        """
        # Spawned: a forked JAX can hang.
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, build), daemon=True)
        self._process.start()
        there.close()
        self.timed()  # compiles and warms up

    def timed(self) -> tuple[Any, float]:
        """Run once; return the result and the seconds it took, without its way to this process."""
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


def _serve(connection: Connection, build: Build) -> None:
    """Prepare a run and time it whenever asked, until the connection is closed."""
    try:
        run = build()
        while True:
            connection.recv()
            connection.send(timed(run))
    except EOFError:  # closed at the other end
        pass
    except Exception as error:
        connection.send(error)


@contextlib.contextmanager
def started(
    builds: Mapping[str, Build], separate: bool, leave_out: Callable[[str], None]
) -> Iterator[dict[str, Timed]]:
    """Start contenders, in processes of their own if `separate`; give the timed run of each.

    One whose library is missing or refuses the work is left out, with a line for `leave_out`. The
    first is what the others are compared with: if its library is missing there is no contender at
    all, and what else it raises is raised.
    """
    kind = SeparateContender if separate else Contender
    runs: dict[str, Timed] = {}
    with contextlib.ExitStack() as processes:
        for name, build in builds.items():
            try:
                contender = processes.enter_context(contextlib.closing(kind(build)))
                runs[name] = contender.timed
            except Exception as error:
                is_first = not runs
                if is_first and not isinstance(error, ImportError):
                    raise
                reason = (str(error) or type(error).__name__).splitlines()[0]
                leave_out(f"{name}: {reason}")
                if is_first:
                    break
        yield runs
