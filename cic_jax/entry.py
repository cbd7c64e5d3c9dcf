"""Entry point of the commands in experiments/: flags and one-line errors."""

import contextlib
import logging
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import ml_collections
from absl import app, flags
from absl import logging as absl_logging
from ml_collections import ConfigDict, config_flags

import cic_jax
from cic_jax.machine import keep_memory, missing_device
from cic_jax.printable import printable

__all__ = ["define_config", "keep_memory", "refusals", "run"]


def run(main: Callable[[], None]) -> None:
    """Parse the flags and call `main`; refused input ends in one line and status 2.

    Ctrl-C ends in one line and status 130, as in a shell; where the output's reader ends early
    (`| head -1`) the status is 141 and nothing more is said. `--help` prints the script's docstring
    and flags and exits with status 0 (absl alone would exit with 1).
    """
    if "--help" in sys.argv[1:]:
        app.usage(shorthelp=True, writeto_stdout=True, exitcode=0)
    sys.argv[1:] = map(_expanded, sys.argv[1:])

    def guarded(arguments: list[str]) -> None:
        absl_logging.get_absl_handler().addFilter(_is_shown)
        with refusals():
            if len(arguments) > 1:
                raise app.UsageError(f"not an option: {arguments[1]}")
            main()

    app.run(guarded, flags_parser=_parsed)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn refused input and Ctrl-C into one line and a status, as `run` describes."""
    try:
        with _interrupts():
            yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except KeyboardInterrupt:
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except app.UsageError as error:
        _refuse(str(error))
    except ValueError as error:
        if not _raised_in(cic_jax, error):
            raise
        _refuse(str(error))
    except (RuntimeError, AssertionError):
        if (reason := missing_device()) is None:
            raise
        _refuse(reason)
    except OSError as error:
        _refuse(_of_system(error))


def _of_system(error: OSError) -> str:
    """Say in one line what the system, or this package in its place, has refused."""
    if _raised_in(ml_collections, error):
        return f"--config cannot be loaded: {str(error).splitlines()[-1].strip()}"
    if error.strerror is None:
        return str(error)
    name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return f"{name}{error.strerror.lower()}"


@contextlib.contextmanager
def _interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C, also where a library turned it into another error.

    The initialisation of an extension that is imported meanwhile makes an ImportError of it.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = threading.Event()

    def interrupt(*_: Any) -> NoReturn:
        interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except (ImportError, SystemError) as error:
        if not interrupted.is_set():
            raise
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGINT, before)


def _parsed(arguments: list[str]) -> list[str]:
    try:
        return _keys_named(partial(flags.FLAGS, arguments))
    except flags.Error as error:
        if missing := re.findall(r"Flag --(\S+) must have a value other than None", str(error)):
            _refuse(f"expected {' and '.join(f'--{name}' for name in missing)}; --help says more")
        _refuse(" ".join(str(error).split()))


def define_config(default: ConfigDict | str | Path | None) -> flags.FlagHolder:
    """Define `--config`, each of whose values is a flag `--config.*`.

    `default` is a config; or the file of one, or None for none, in whose place `--config` names
    another. A key that the config does not have ends the script with one line and status 2.
    """
    if isinstance(default, ConfigDict):
        return _keys_named(partial(config_flags.DEFINE_config_dict, "config", default))
    path = None if default is None else str(default)
    define = partial(config_flags.DEFINE_config_file, "config", path, "A file of configs/.")
    return _keys_named(define)


def _keys_named(parse: Callable[[], Any]) -> Any:
    """Return what `parse` does; a config that is none, or lacks a key, is one line and status 2."""
    try:
        return parse()
    except OSError as error:
        _refuse(_of_system(error))
    except (AttributeError, KeyError) as error:
        if not _raised_in(ml_collections, error):
            raise
        reason: Any = error
        while isinstance(reason, Exception):
            reason = reason.args[0]
        _refuse(f"--config has no key {'. '.join(str(reason).splitlines())}")


def _refuse(reason: str) -> NoReturn:
    print(f"{Path(sys.argv[0]).name}: {printable(reason)}", file=sys.stderr)
    raise SystemExit(2) from None


def _expanded(argument: str) -> str:
    """Put the user's home for `~` in the values of an option, as no shell does in `--out=~/x`."""
    option, equals, values = argument.partition("=")
    return option + equals + ",".join(map(os.path.expanduser, values.split(",")))


def _is_shown(entry: logging.LogRecord) -> bool:
    """Keep other packages' progress reports and tracebacks off the console.

    Orbax names each file that it writes, and logs what it raises, too.
    """
    is_ours = Path(entry.pathname).is_relative_to(Path(cic_jax.__file__).parent)
    return is_ours or (entry.levelno >= logging.WARNING and not entry.exc_info)


def _raised_in(package: ModuleType, error: Exception) -> bool:
    """Return whether a package raised the error, as this one does for wrong input."""
    frames = traceback.extract_tb(error.__traceback__)
    return Path(frames[-1].filename).is_relative_to(Path(package.__file__ or "").parent)
