"""Start of a script: memory that is kept, and Ctrl-C in one line while libraries are imported."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from cic_jax.machine import keep_memory

INTERRUPTED = 130  # exit status, as in a shell


@contextlib.contextmanager
def imports(name: str) -> Iterator[None]:
    """Import all that a script needs in this context, which does nothing in a module that is none.

    `name` is the script's `__name__`. The process restarts by `machine.keep_memory` while it has
    loaded hardly anything. From then on Ctrl-C ends it in one line, even after the context, until
    `entry.refusals` takes over. So does a library that Windows lacks.
    """
    if name == "__main__":
        keep_memory()
        if callable(signal.getsignal(signal.SIGINT)):  # not where it is ignored, as by nohup
            signal.signal(signal.SIGINT, exit_interrupted)
    try:
        yield
    except ModuleNotFoundError as error:
        if name != "__main__" or sys.platform != "win32":
            raise
        script = Path(sys.argv[0]).name
        raise SystemExit(f"{script}: needs Linux or macOS: Windows lacks {error.name}") from error


def exit_interrupted(*_: Any) -> NoReturn:
    """End the process at once, with one line and status 130: a handler of Ctrl-C.

    While libraries are imported a KeyboardInterrupt would not do: the initialisation of an
    extension turns it into an ImportError, and a callback of the garbage collector drops it.
    """
    os.write(2, f"{Path(sys.argv[0]).name}: interrupted\n".encode())
    os._exit(INTERRUPTED)
