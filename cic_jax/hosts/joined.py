"""The time in which hosts train together: from their meeting to an end that all of them share."""

import contextlib
import signal
import threading
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

import jax

from cic_jax.hosts.errors import HostsError
from cic_jax.hosts.exchange import End
from cic_jax.hosts.place import Place
from cic_jax.hosts.watch import LOST, Watch, leave

MEET_SECONDS = 300  # in which all hosts must have started
ABORT_SECONDS = 300  # without a sign of a host, after which JAX aborts the others: `Watch` is first
REFUSED = 2  # status, as of all refused input
TERMINATED = 128 + signal.SIGTERM  # status, as in a shell


@contextlib.contextmanager
def joined(place: Place | None) -> Iterator[None]:
    """Train with the other hosts of a cluster in this context; alone if `place` is None.

    An exception ends this process, with the status of a SystemExit or with 1, and all others with
    it, which say in one line which host ended and why. Raises HostsError if the hosts do not meet.
    """
    if place is None:
        yield
        return
    watch = _meet(place)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        jax.devices()  # the hosts wait for each other here, too, with a time limit
        yield
    except BaseException as error:
        _leave(place, watch, error)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # all is done: only the others are waited for
    watch.stop()
    jax.distributed.shutdown()


def _terminated(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


def _meet(place: Place) -> Watch:
    """Connect to the other hosts, and begin to watch them."""
    # JAX would pass on SIGTERM alone; the loop passes on Ctrl-C, too.
    jax.config.update("jax_enable_preemption_service", False)
    watch = Watch(place)
    apart = (
        f"host {place.host} of {place.hosts} did not meet the others at {place.coordinator}: start "
        "all of them, each with a --host of its own, where that address can be reached"
    )
    # JAX itself would wait on, or abort with a dump of its stack.
    timer = threading.Timer(
        MEET_SECONDS, lambda: leave(REFUSED, f"{apart} (waited {MEET_SECONDS} s)")
    )
    timer.start()
    try:
        jax.distributed.initialize(
            watch.coordinator,
            place.hosts,
            place.host,
            local_device_ids=place.device,
            cluster_detection_method="deactivate",
            initialization_timeout=MEET_SECONDS + ABORT_SECONDS,
            heartbeat_timeout_seconds=ABORT_SECONDS,
        )
    except RuntimeError as error:
        raise HostsError(f"{apart} ({str(error).splitlines()[0]})") from error
    finally:
        timer.cancel()
    watch.start()
    return watch


def _leave(place: Place, watch: Watch, error: BaseException) -> NoReturn:
    """End this process, after all hosts have been told the cause."""
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else 1
        watch.end(status, watch.cause() or End(place.host, _reason(error)), silently=True)
    if other := watch.suspect():
        watch.end(LOST, other)
    traceback.print_exception(error)
    watch.end(1, End(place.host, f"{type(error).__name__}, see what it says"), silently=True)


def _reason(error: SystemExit) -> str:
    """Return why a process is ended: by a signal, or because of the error that it reports."""
    if error.code == TERMINATED:
        return "SIGTERM"
    cause = error.__context__
    return "interrupted" if isinstance(cause, KeyboardInterrupt) else str(cause)
