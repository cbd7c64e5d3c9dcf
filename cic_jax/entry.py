"""How the commands of experiments/ start, and how they end when their input is wrong."""

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from absl import app
from absl import logging as absl_logging

from cic_jax.machine import keep_memory

__all__ = ["keep_memory", "run"]

PACKAGE = Path(__file__).parent


def run(main: Callable[[], None]) -> None:
    """Parse the flags and call `main`; what this package refuses is one line and status 2.

    Ctrl-C is one line and status 130, as a shell has it. `--help` prints the script's docstring and
    its flags, and ends with status 0 (with absl alone it would be 1).
    """
    if "--help" in sys.argv[1:]:
        app.usage(shorthelp=True, writeto_stdout=True, exitcode=0)
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
