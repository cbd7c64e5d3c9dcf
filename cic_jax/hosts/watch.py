"""A thread that ends this process in one line when another host has ended or is silent.

Nothing else could: a host that waits for others in a collective operation waits for ever, or is
aborted with a dump of its stack.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from cic_jax.hosts import exchange
from cic_jax.hosts.exchange import End
from cic_jax.hosts.place import Place
from cic_jax.hosts.relay import Relay
from cic_jax.printable import printable

BEAT_SECONDS = 1.0
SILENT_BEATS = 60  # without which a host counts as lost
SUSPECT_BEATS = 5  # the same where a collective operation has failed already
GRACE_BEATS = 3  # in which a host ends by itself after another one has
LEAVE_BEATS = 60  # the same where it has failed, too, and may be completing a save
LINGER_SECONDS = 10.0  # that the first host, which has the store, waits for the others to read it
LOST = 1  # status of a process that another host's end has ended
_BEATS = "cic_jax/beats"


class Watch:
    """Counts up in the store of the first host, and looks at what the others do there."""

    def __init__(self, place: Place):
        """Open a relay to the first host; `start` begins the watch."""
        self._place = place
        self._relay = Relay(place.coordinator, self._first_is_lost) if place.host else None
        self._others = set(range(place.hosts)) - {place.host}
        self._beats = dict.fromkeys(self._others, ("", 0))  # the last one, and how often it was
        self._client: Any = None
        self._stopped, self._ending = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def coordinator(self) -> str:
        """The address to which JAX shall connect."""
        return self._relay.address if self._relay else self._place.coordinator

    def start(self) -> None:
        """Begin, once JAX is connected."""
        self._client = exchange.store()
        if self._relay:
            self._relay.guarding = True
        self._thread.start()

    def stop(self) -> None:
        """Wait until all hosts call this; from then on they may go."""
        exchange.gather("all is done", None)
        if self._relay:
            self._relay.guarding = False
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        noticed = count = 0
        while not self._stopped.wait(BEAT_SECONDS):
            count += 1
            self._beat(count)
            noticed += self.cause() is not None
            grace = LEAVE_BEATS if exchange.failed.is_set() else GRACE_BEATS
            least = SUSPECT_BEATS if exchange.doubt.is_set() else SILENT_BEATS
            if found := self.cause() if noticed > grace else self._silence(least):
                self.end(LOST, found)

    def _beat(self, count: int) -> None:
        """Count up; and count for how many beats of this host the others have not."""
        key = f"{_BEATS}/{self._place.host}"
        self._client.key_value_set(key, str(count), allow_overwrite=True)
        said = self._client.key_value_dir_get(f"{_BEATS}/")
        now = {int(key.rpartition("/")[2]): value for key, value in said}
        for host, (last, times) in self._beats.items():
            value = now.get(host, "")
            self._beats[host] = (value, times + 1 if value == last else 0)

    def _silent(self, beats: int) -> set[int]:
        return {host for host, (_, times) in self._beats.items() if times >= beats}

    def _silence(self, beats: int) -> End | None:
        silent = sorted(self._silent(beats))
        seconds = round(beats * BEAT_SECONDS)
        return exchange.lost(silent[0], f"no sign of life for {seconds} s") if silent else None

    def cause(self) -> End | None:
        """Return the end of another host, if one has ended."""
        said = exchange.ended(self._client)
        return next((end for host, end in said.items() if host in self._others), None)

    def suspect(self) -> End | None:
        """Wait a few beats; return the end of another host that explains a failure on this one."""
        for _ in range(SUSPECT_BEATS + GRACE_BEATS):
            if found := self.cause() or self._silence(SUSPECT_BEATS):
                return found
            time.sleep(BEAT_SECONDS)
        return None

    def _first_is_lost(self) -> None:
        with self._ending:
            leave(LOST, str(exchange.lost(0, "the connection to it broke")))

    def end(self, status: int, cause: End, *, silently: bool = False) -> NoReturn:
        """End this process, after saying the cause to the user, unless silently, and to all hosts.

        The first host stays until the others have heard of it, or some seconds.
        """
        with self._ending:
            exchange.end(self._client, cause)
            deadline = time.monotonic() + LINGER_SECONDS
            while self._place.host == 0 and time.monotonic() < deadline:
                awaited = self._others - self._silent(SUSPECT_BEATS)
                if awaited <= exchange.ended(self._client).keys():
                    break
                time.sleep(BEAT_SECONDS / 4)
            leave(status, None if silently else str(cause))


def leave(status: int, reason: str | None) -> NoReturn:
    """End this process at once, saying the reason, if any: JAX would wait for the other hosts."""
    if reason is not None:
        print(f"{Path(sys.argv[0]).name}: {printable(reason)}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
