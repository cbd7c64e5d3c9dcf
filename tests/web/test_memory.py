"""The page's server: what it forgets, and that nothing comes on the disk."""

import os
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from web_server import JPEG, serving, wait_for

from cic_jax.web import app, photograph
from cic_jax.web.store import Store


@pytest.fixture(scope="module")
def held(colorizer):
    """Photographs that take so many megabytes."""
    prediction = colorizer.predict(np.zeros((8, 8), np.uint8))
    rest = photograph.Photograph("", b"", prediction, {}).nbytes

    def of(megabytes):
        return photograph.Photograph("", bytes(megabytes * 10**6 - rest), prediction, {})

    return of


def test_the_store_keeps_what_was_used_last(held):
    store = Store(limit=100_000_000, seconds=10.0, clock=lambda: 0.0)
    first, second = store.put(held(40)), store.put(held(40))
    store.get(first)
    third = store.put(held(40))
    assert [store.get(token) is not None for token in (first, second, third)] == [True, False, True]
    large = store.put(held(500))  # the newest is held whatever its size
    assert store.get(large) is not None
    assert store.size == 500_000_000
    assert len({first, second, third, large}) == 4
    assert min(map(len, (first, second, third, large))) >= 22  # 128 bits


def test_the_store_forgets_what_is_not_used(held):
    now = 0.0
    store = Store(limit=100_000_000, seconds=10.0, clock=lambda: now)
    used, unused = store.put(held(1)), store.put(held(1))
    now = 8.0
    assert store.get(used) is not None
    now = 16.0
    assert store.get(unused) is None
    assert store.get(used) is not None
    now = 30.0
    store.sweep()
    assert store.size == 0


def test_photographs_are_forgotten_while_nobody_asks(colorizer):
    with serving(colorizer, app.Limits(memory_seconds=0.3)) as client:
        client.open(JPEG)
        assert client.page.store.size > 0
        wait_for(lambda: client.page.store.size == 0)


def test_nothing_is_written_to_disk(client):
    ask_for_everything(client)  # what is compiled the first time may be stored
    with watching_the_disk() as written:
        ask_for_everything(client)
    assert written == []


def ask_for_everything(client):
    token = client.open(JPEG).json["token"]
    for what in ("picture", "file", "pixel?x=0&y=0"):
        assert client.ask(f"/photographs/{token}/{what}").status in (200, 201)


watches = []  # lists of paths; an audit hook cannot be taken back


def _audit(event, arguments):
    if event == "open" and watches:
        path, _, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            watches[-1].append(path)


sys.addaudithook(_audit)


@contextmanager
def watching_the_disk():
    """The files opened for writing meanwhile, by any thread."""
    watches.append([])
    try:
        yield watches[-1]
    finally:
        watches.pop()


def test_the_disk_is_watched(tmp_path):
    with watching_the_disk() as written:
        (tmp_path / "file").write_text("")
    assert written == [str(tmp_path / "file")]
