"""A relay passes everything on, and reports the first host's loss before its own side closes."""

import socket
import threading

from cic_jax.hosts.relay import Relay


def connected(lost):
    """Return a relay, the end that JAX would have, and that of the first host."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = Relay(f"127.0.0.1:{server.getsockname()[1]}", lost)
        name, port = relay.address.split(":")
        inner = socket.create_connection((name, int(port)), timeout=10)
        outer, _ = server.accept()
    outer.settimeout(10)
    return relay, inner, outer


def test_both_directions_and_a_quiet_end():
    lost = threading.Event()
    _, inner, outer = connected(lost.set)
    inner.sendall(b"there")
    assert outer.recv(100) == b"there"
    outer.sendall(b"and back")
    assert inner.recv(100) == b"and back"
    outer.close()
    assert inner.recv(100) == b""
    assert not lost.is_set()
    inner.close()


def test_while_guarding_the_loss_is_reported_first():
    seen, told = [], threading.Event()

    def lost():
        inner.settimeout(0.3)
        try:
            seen.append(inner.recv(100))
        except TimeoutError:
            seen.append("open")
        inner.settimeout(10)
        told.set()

    relay, inner, outer = connected(lost)
    relay.guarding = True
    outer.close()
    assert told.wait(10)
    assert seen == ["open"]
    assert inner.recv(100) == b""
    inner.close()
