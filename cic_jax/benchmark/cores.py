"""The time that a byte takes from one core to another and back.

It is several times as long if the two cores have no cache in common, which can change from one
second to the next on the host of a virtual machine. Reading anything that another core wrote then
takes as long: operations whose data all cores share slow down, those with a part per core do not.
"""

import mmap
import os
import subprocess
import sys
from collections.abc import Callable

TRIPS = 10_000
THERE, BACK = 0, 2048  # bytes of the shared page, in cache lines of their own
PATIENCE = 10**8  # readings of a byte before the other side is given up


def round_trips() -> Callable[[], None]:
    """Start a process on another core; the run sends TRIPS bytes to it and back, one by one.

    Both sides are loops in Python. The process that calls this stays on one core from then on.
    Raises OSError if a process cannot choose its core, or has only one.
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
            wait_for(shared, BACK, trip % 255 + 1)

    return run


def echo(memory: int, core: int) -> None:
    """Return as many bytes as each line of standard input says: the other side of the trips."""
    os.sched_setaffinity(0, {core})
    shared = mmap.mmap(memory, mmap.PAGESIZE)
    for line in sys.stdin:
        for trip in range(int(line)):
            wait_for(shared, THERE, trip % 255 + 1)
            shared[BACK] = trip % 255 + 1


def wait_for(shared: mmap.mmap | bytearray, at: int, value: int, patience: int = PATIENCE) -> None:
    """Read a shared byte until it has the value. Raises TimeoutError after `patience` readings."""
    for _ in range(patience):
        if shared[at] == value:
            return
    raise TimeoutError(f"expected {value} from the other core; still got {shared[at]}")


if __name__ == "__main__":
    echo(*map(int, sys.argv[1:]))
