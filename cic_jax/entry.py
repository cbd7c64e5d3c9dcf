"""How the commands of experiments/ start, and how they end when their input is wrong."""

import logging
import os
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from absl import app
from absl import logging as absl_logging

PACKAGE = Path(__file__).parent

# XLA's CPU backend takes memory for every call and gives it back, hundreds of megabytes in a step.
# By default glibc returns it to the system each time, which then has to clear every page anew. So
# told, it keeps what was freed, in pages of 2 MiB where the system has them; by top_pad a thread's
# pool keeps its 64 MiB when the last of it is freed. Threads keep a pool each, as is glibc's
# default: one for all would keep what is larger, too, but compiling leaves it in so many pieces
# that in every step threads wait for one another's searches.
TUNABLES = "GLIBC_TUNABLES"
KEEP = ":".join(
    f"glibc.malloc.{setting}"
    for setting in ("hugetlb=1", "mmap_max=0", "trim_threshold=1099511627776", "top_pad=134217728")
)


def keep_memory() -> None:
    """Start this process anew with memory kept between calls; glibc reads its settings then only.

    Nothing is done on systems without glibc, or where its settings are set already.
    """
    if platform.libc_ver()[0] == "glibc" and TUNABLES not in os.environ:
        environment = os.environ | {TUNABLES: KEEP}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def run(main: Callable[[], None]) -> None:
    """Parse the flags and call `main`; what this package refuses is one line and status 2.

    Ctrl-C is one line and status 130, as a shell has it.
    """
    keep_memory()

    def guarded(arguments: list[str]) -> None:
        if len(arguments) > 1:
            raise app.UsageError(f"not an option: {arguments[1]}")
        absl_logging.get_absl_handler().addFilter(_ours)
        try:
            main()
        except KeyboardInterrupt:
            print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
            raise SystemExit(130) from None
        except (ValueError, FileNotFoundError) as error:
            if not _raised_here(error):
                raise
            print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
            raise SystemExit(2) from None

    app.run(guarded)


def _ours(entry: logging.LogRecord) -> bool:
    """Keep other packages' progress reports (Orbax names each file it writes) off the console."""
    return entry.levelno >= logging.WARNING or Path(entry.pathname).is_relative_to(PACKAGE)


def _raised_here(error: Exception) -> bool:
    """Whether this package raised it, which it does to say what is wrong with its input."""
    frames = traceback.extract_tb(error.__traceback__)
    return Path(frames[-1].filename).is_relative_to(PACKAGE)
