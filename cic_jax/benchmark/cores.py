"""How long a value takes from one core to another and back.

Where two cores have no cache in common (on a virtual machine's host that can change from one second
to the next) it is several times as long, and so is the reading of everything that another core
wrote: what all cores share by the operation slows down then, what each has a part of does not.
"""

import mmap
import os
import subprocess
import sys
from collections.abc import Callable

TRIPS = 10_000
THERE, BACK = 0, 2048  # bytes of the shared page, in cache lines of their own
PATIENCE = 10**8  # looks at a byte before the other side is given up


def round_trips() -> Callable[[], None]:
    """Start a process on another core; TRIPS bytes to it and back, by two loops in Python.

    For a process of its own, which stays on its core from then on.
    Raises OSError where a process cannot choose its core, or has only one.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if len(allowed) < 2:
        raise OSError(f"expected two cores to choose from; here a process has {len(allowed)}")
    os.sched_setaffinity(0, {min(allowed)})
    memory = os.memfd_create("two cores")
    os.truncate(memory, mmap.PAGESIZE)
    shared = mmap.mmap(memory, mmap.PAGESIZE)
    echoes = subprocess.Popen(
        [sys.executable, "-S", __file__, str(memory), str(max(allowed))],
        stdin=subprocess.PIPE,
        pass_fds=[memory],
        text=True,
    )

    def run() -> None:
        shared[THERE] = shared[BACK] = 0
        print(TRIPS, file=echoes.stdin, flush=True)
        for trip in range(TRIPS):
            shared[THERE] = trip % 255 + 1
            _wait(shared, BACK, trip % 255 + 1)

    return run


def echo(memory: int, core: int) -> None:
    """The other side: for every line, return so many bytes; until there are no more lines."""
    os.sched_setaffinity(0, {core})
    shared = mmap.mmap(memory, mmap.PAGESIZE)
    for line in sys.stdin:
        for trip in range(int(line)):
            _wait(shared, THERE, trip % 255 + 1)
            shared[BACK] = trip % 255 + 1


def _wait(shared: mmap.mmap | bytearray, at: int, value: int) -> None:
    for _ in range(PATIENCE):
        if shared[at] == value:
            return
    raise TimeoutError(f"expected {value} from the other core; still got {shared[at]}")


if __name__ == "__main__":
    echo(*map(int, sys.argv[1:]))
