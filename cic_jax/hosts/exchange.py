"""What hosts say to each other before they train: facts that must be the same, turns, the end.

They write it into the key-value store of JAX's coordination service, which the first host runs.
With one host every function here does nothing.
"""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jax._src import distributed  # the store has no public name; Orbax takes it from here, too
from jax.errors import JaxRuntimeError

from cic_jax.hosts.errors import HostsError

POLL_SECONDS = 0.2
SHOWN = 6  # differences in a message
SHARED_SECONDS = 90.0  # in which a file must show on every host; NFS may hide one for a minute
_ENDED = "cic_jax/ended"
_calls: Counter[str] = Counter()
failed = threading.Event()  # this host has failed by itself
doubt = threading.Event()  # a collective operation has failed, as it does where a host is lost


class End(NamedTuple):
    """Which host ended the others, and why."""

    host: int
    reason: str

    def __str__(self) -> str:
        """Return what the other hosts say."""
        return f"host {self.host} has ended: {self.reason}"


def lost(host: int, sign: str) -> End:
    """Return the end of a host that did not say it."""
    return End(
        host,
        f"{sign}; it was killed, or its machine or the network failed. The steps saved before are "
        "kept: start all hosts again with the same command",
    )


def together() -> bool:
    """Return whether this process trains with others."""
    return distributed.global_state.client is not None and count() > 1


def count() -> int:
    """Return the number of hosts, without starting JAX's devices."""
    return distributed.global_state.num_processes


def number() -> int:
    """Return the number of this host, without starting JAX's devices."""
    return distributed.global_state.process_id


def store() -> Any:
    """Return the client of the coordination service; `together` tells whether there is one."""
    return distributed.global_state.client


def end(client: Any, reason: End) -> None:
    """Tell all hosts that this one ends, and which host is the cause of it."""
    client.key_value_set(f"{_ENDED}/{number()}", json.dumps(reason), allow_overwrite=True)


def ended(client: Any) -> dict[int, End]:
    """Return the hosts that have said that they end."""
    said = client.key_value_dir_get(f"{_ENDED}/")
    return {int(key.rpartition("/")[2]): End(*json.loads(value)) for key, value in said}


def gather(name: str, value: Any) -> list[Any]:
    """Return what every host calls by `name`, in the order of the hosts; waits for all of them.

    `value` is JSON. Raises HostsError where another host ends meanwhile.
    """
    if not together():
        return [value]
    client, folder = store(), _folder(name)
    client.key_value_set(f"{folder}/{number()}", json.dumps(value))
    while len(said := client.key_value_dir_get(f"{folder}/")) < count():
        _wait(client)
    values = {int(key.rpartition("/")[2]): json.loads(text) for key, text in said}
    return [values[host] for host in range(count())]


def _folder(name: str) -> str:
    """Return a place in the store that no earlier call of that name has used, on any host."""
    _calls[name] += 1
    return f"cic_jax/{name}/{_calls[name]}"


def _wait(client: Any) -> None:
    if others := ended(client):
        raise HostsError(str(next(iter(others.values()))))
    time.sleep(POLL_SECONDS)


def require_same(name: str, facts: Mapping[str, Any]) -> None:
    """Raise HostsError, the same on all hosts, if they differ in these facts.

    Args:
        name: Name of the facts; all hosts call with the same names in the same order.
        facts: Values, as JSON, by what they are of.
    """
    first, *others = gather(name, dict(facts))
    differing = []
    for host, other in enumerate(others, 1):
        keys = [k for k in sorted(first.keys() | other.keys()) if first.get(k) != other.get(k)]
        if keys:
            listed = [f"{k} ({other.get(k)!r}, there {first.get(k)!r})" for k in keys[:SHOWN]]
            more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
            differing.append(f"host {host} differs from host 0 in {', '.join(listed)}{more}")
    if differing:
        raise HostsError(
            f"{'; '.join(differing[:SHOWN])}: start all hosts with the same command and the same "
            "code, on the same photographs"
        )


@contextlib.contextmanager
def failing() -> Iterator[None]:
    """Tell the other hosts at once of a failure in this context.

    On the way out a host may wait for them, as Orbax does to complete a save.
    """
    try:
        yield
    except JaxRuntimeError:
        doubt.set()
        raise
    except BaseException as error:
        if together():
            failed.set()
            end(store(), End(number(), str(error) or type(error).__name__))
        raise


@contextlib.contextmanager
def first_goes_first(name: str) -> Iterator[None]:
    """Let the first host through this context, then the others, so that they find what it made.

    Raises HostsError on the others where the first one ends in it.
    """
    client = store() if together() else None
    key = _folder(name)
    if client is not None and number() != 0:
        while not client.key_value_dir_get(f"{key}/"):
            _wait(client)
    yield
    if client is not None and number() == 0:
        client.key_value_set(f"{key}/0", "done")


def require_shared(path: Path) -> None:
    """Raise HostsError, the same on all hosts, where some do not see the first one's file `path`.

    The first host writes a few bytes to it, which the others must read.
    """
    if not together():
        return
    token = gather("token", time.time_ns())[0]
    if number() == 0:
        path.write_text(f"{token}\n")
    gather("token is written", None)
    deadline = time.monotonic() + SHARED_SECONDS
    while not (seen := _holds(path, token)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    blind = [host for host, sees in enumerate(gather("token is seen", seen)) if not sees]
    if blind:
        raise HostsError(
            f"host {', '.join(map(str, blind))} does not see what host 0 writes to {path.parent}: "
            "--workdir must be a directory that all hosts share"
        )


def _holds(path: Path, token: int) -> bool:
    try:
        return path.read_text() == f"{token}\n"
    except OSError:
        return False
