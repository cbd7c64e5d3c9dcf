"""Parts shared by the subcommands of `cic-jax`: exit statuses, messages, Ctrl-C and the model."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from cic_jax.printable import printable

if TYPE_CHECKING:
    from cic_jax.colorize import Colorizer
    from cic_jax.model import Model

DEFAULT_CHECKPOINT = "everyday"
WORKING_SIZE = 256  # pixels of the short side at which the network sees a photograph
DONE, SOME_FAILED, UNUSABLE, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141  # exit statuses
STATUSES = {
    DONE: "all went well",
    SOME_FAILED: "some photographs failed",
    UNUSABLE: "nothing could be done",
    INTERRUPTED: "interrupted",
    UNREAD: "what reads the output has ended",
}
STATUS_LINE = "; ".join(f"{status} {meaning}" for status, meaning in STATUSES.items())
# Signals that end a command: Ctrl-C, `kill` or a shutdown, the end of its terminal (not on Windows)
ENDING = tuple(getattr(signal, x) for x in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, x))

HOW_TO_TRAIN = (
    "Train one with `python experiments/train.py --config=configs/simplified.py "
    "--workdir=runs/simplified` and name it by --checkpoint=runs/simplified"
)


def restore(
    checkpoint: str,
    size: int = WORKING_SIZE,
    photographs: int = 1,
    factories: Collection[str] = (),
    precision: str = "auto",
) -> "Colorizer":
    """Load the Colorizer of a checkpoint, tuned for `photographs` images; fail as `load` does.

    `size` is the short side in pixels at which the network sees a photograph. Compiled programs are
    kept for later calls. `factories` are as in `load`, `precision` as in `Colorizer.restore`.
    """
    from cic_jax import machine
    from cic_jax.colorize import Colorizer

    machine.keep_compiled()
    with told_in_one_line():
        return Colorizer.restore(checkpoint, size, photographs, precision, factories=factories)


def load(checkpoint: str, factories: Collection[str] = ()) -> "Model":
    """Load the model of a checkpoint; if there is none, fail with a line on how to get one.

    `factories` are functions of the user's own that may be imported, as in `checkpoint.load`.
    """
    from cic_jax.checkpoint import load as load_model
    from cic_jax.export import session

    if (file := session.found(checkpoint)) is not None:
        fail(f"expected a checkpoint, got {file}, which was exported from one")
    with told_in_one_line():
        return load_model(checkpoint, factories=factories)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Fail with a line on a checkpoint that is missing or damaged."""
    from cic_jax.checkpoint import CheckpointError, NoCheckpointError

    try:
        yield
    except NoCheckpointError as error:
        fail(f"{error}. {HOW_TO_TRAIN}")
    except CheckpointError as error:
        fail(str(error))


def say(message: str) -> None:
    """Print one line on standard error, above the progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(printable(message), file=sys.stderr)


def fail(message: str) -> NoReturn:
    """Print one line on standard error and exit with the status of a command that did nothing."""
    print_line(message)
    raise SystemExit(UNUSABLE)


def print_line(message: str) -> None:
    """Print one line on standard error, in the name of the command."""
    print(f"cic-jax: {printable(message)}", file=sys.stderr)


def open_missing_streams() -> None:
    """Stand in for standard streams that the caller closed (`>&-`).

    The next files to be opened would take their places, a photograph among them, and get what
    libraries print. Reading such an input or writing such an output fails; messages are dropped.
    """
    # The way that each is opened is the one that it is not used in, but for messages.
    streams = (
        ("stdin", "r", os.O_WRONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_WRONLY),
    )
    for name, mode, way in streams:
        if getattr(sys, name) is None:
            number = os.open(os.devnull, way)  # the lowest that is free: its own
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def flush_output() -> None:
    """Write what was printed; fail with one line where that cannot be, as on a full disk."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        fail(f"the output cannot be written: {describe(error)}")


def describe(error: Exception) -> str:
    """Describe an error in one line; a system error by its file and reason, without its number."""
    if isinstance(error, OSError) and error.strerror is not None:
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror.lower()}"
    return str(error)


@contextmanager
def interrupts_handled_by(
    handler: Callable[..., Any], numbers: Collection[int] = (signal.SIGINT,)
) -> Iterator[None]:
    """Let Ctrl-C, and what other signals `numbers` has, call `handler` in this context.

    One that is ignored stays so: Ctrl-C in the background, the end of the terminal with `nohup`.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in numbers if in_main_thread}
    taken = {number: old for number, old in before.items() if old not in (None, signal.SIG_IGN)}
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in taken.items():
            signal.signal(number, old)


def drop_output() -> None:
    """Send what is still to be printed nowhere, since its reader has ended (`| head -1`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def exit_interrupted(*_: Any) -> NoReturn:
    """End the process at once, with one line and status 130: a handler of Ctrl-C.

    While libraries are imported a KeyboardInterrupt would not do: the initialisation of an
    extension turns it into an ImportError, and a callback of the garbage collector drops it.
    """
    os.write(2, b"cic-jax: interrupted\n")
    os._exit(INTERRUPTED)
