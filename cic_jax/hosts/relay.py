"""A relay of this host's connection to the first one, so that its loss does not abort the process.

JAX aborts a process, with a dump of its stack, at the moment that its connection to the first host
breaks. It is given this relay to connect to, which keeps its own side open and reports the loss.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

CHUNK = 2**16
# A machine that vanishes closes no connection. The system asks after 10 seconds of silence, then
# every 5 seconds, and takes 30 seconds without an answer for the end.
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 30_000}


class Relay:
    """Listens on this machine, and passes on what comes to another HOST:PORT and back."""

    def __init__(self, target: str, lost: Callable[[], None]):
        """Begin to listen.

        Args:
            target: HOST:PORT of the first host.
            lost: Called, in another thread, when a connection to it breaks while `guarding`.
        """
        name, _, port = target.rpartition(":")
        self._target, self._lost = (name.strip("[]"), int(port)), lost
        self.guarding = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            inner, _ = self._listener.accept()
            threading.Thread(target=self._join, args=(inner,), daemon=True).start()

    def _join(self, inner: socket.socket) -> None:
        """Connect to the target, and pass on in both directions; JAX repeats a refused attempt."""
        try:
            outer = socket.create_connection(self._target, timeout=10)
        except OSError:
            inner.close()
            return
        outer.settimeout(None)
        for connection in (inner, outer):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):  # not on every system
                outer.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        threading.Thread(target=self._send, args=(inner, outer), daemon=True).start()
        _pass_on(outer, inner)
        if self.guarding:
            self._lost()  # before JAX's side closes: JAX would abort first
        for connection in (inner, outer):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    @staticmethod
    def _send(inner: socket.socket, outer: socket.socket) -> None:
        """Pass on what JAX sends, until it closes; then close the other side."""
        _pass_on(inner, outer)
        with contextlib.suppress(OSError):
            outer.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Pass on until one side closes."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
