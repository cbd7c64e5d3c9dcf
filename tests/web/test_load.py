"""The page under load: nobody takes the place of others, or memory, by being slow."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from web_server import Client, serving, wait_for

from cic_jax import Colorizer
from cic_jax.colorize.prediction import Prediction
from cic_jax.web import app
from cic_jax.web.guard import HEADERS
from cic_jax.web.photograph import File, Photograph


class NoNetwork(Colorizer):
    """Colours nothing, at once."""

    def __init__(self):
        self.size = 64
        self.model = SimpleNamespace(target=SimpleNamespace(centers=None))

    @property
    def takes_hints(self):
        return False


MEBIBYTE = 2**20
UPLOAD = "POST /photographs?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n"


@pytest.fixture
def computed(monkeypatch):
    """The page's computations, without a network: what is opened is nothing, 8 MiB are saved."""

    def predict(colorizer, name, file, size):
        grey = np.zeros((1, 1), np.uint8)
        nothing = Prediction(grey, np.zeros((1, 1, 2), np.float32), grey)
        return Photograph(name, file, nothing, {"name": name})

    def render_file(colorizer, photograph, read_out, file):
        for _ in range(8):
            file.write(bytes(MEBIBYTE))
        return File("a.tif", "image/tiff")

    monkeypatch.setattr(app, "predict", predict)
    monkeypatch.setattr(app, "render_file", render_file)


@contextmanager
def page(**limits):
    with serving(NoNetwork(), app.Limits(**limits)) as client:
        yield client


def connected(client, text=""):
    connection = socket.socket()
    # Set before connecting, a small buffer stays small: else the system takes 8 MiB for a reader.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", client.port))
    connection.sendall(text.encode())
    return connection


def is_closed(connection):
    """Whether the server closes a connection, at the latest in ten seconds."""
    try:
        while connection.recv(MEBIBYTE):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    connection.close()
    return True


def cut(client, reason):
    return client.page.counters.cut.labels(reason)._value.get()


def test_idle_connections_take_no_place_and_are_closed():
    with page(connections=8, idle_seconds=1.0) as client:
        idle = [connected(client) for _ in range(40)]
        assert client.ask("/health").text == "ok"
        assert all(map(is_closed, idle))
        assert cut(client, "crowded") >= 32
        assert cut(client, "crowded") + cut(client, "idle") >= 40


@pytest.mark.parametrize("before", ["", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_headers_that_drip_are_not_waited_for(before):
    with page(idle_seconds=0.4, stall_seconds=0.4) as client:
        connection = connected(client, before + "GET /health HTTP/1.1\r\n")

        def is_cut():
            try:
                connection.sendall(b"X: y\r\n")
            except ConnectionError:
                return True
            return False

        wait_for(is_cut)
        connection.close()


def test_a_slow_upload_is_cut_long_before_its_time_is_over(computed):
    with page(seconds=60.0, grace=0.3) as client:
        connection = connected(client, UPLOAD.format(MEBIBYTE) + "x")
        start = time.monotonic()
        answer = connection.recv(4096).decode()
        assert time.monotonic() < start + 5
        assert answer.startswith("HTTP/1.1 408")
        assert answer.endswith("expected the whole file within 60 s")
        assert is_closed(connection)


def test_uploads_wait_for_room_and_take_no_more(computed):
    with page(uploads=2 * MEBIBYTE, grace=1.0) as client:
        slow = [connected(client, UPLOAD.format(MEBIBYTE) + "x") for _ in range(6)]
        wait_for(lambda: client.page.uploads.used == 2 * MEBIBYTE)
        assert client.open(bytes(1000)).status == 201  # in the end, when the slow ones are cut
        assert client.page.uploads.used <= 2 * MEBIBYTE
        assert all(map(is_closed, slow))
        wait_for(lambda: client.page.uploads.used == 0)


@contextmanager
def unread_results(client):
    """Twelve connections that ask for a result and do not read it."""
    token = client.open(b"a").json["token"]
    ask = f"GET /photographs/{token}/file HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(connected(client, ask))
        yield


def test_unread_results_take_no_memory(computed):
    with page(stall_seconds=60.0, waiting=12) as client:
        whole = client.ask(f"/photographs/{client.open(b'b').json['token']}/file")
        assert whole.body == bytes(8 * MEBIBYTE)
        assert whole.headers["content-length"] == str(8 * MEBIBYTE)
        tracemalloc.start()
        try:
            with unread_results(client):
                wait_for(lambda: client.page.downloads.used == 96 * MEBIBYTE)
                assert tracemalloc.get_traced_memory()[0] < 16 * MEBIBYTE
        finally:
            tracemalloc.stop()
        wait_for(lambda: client.page.downloads.used == 0)


def test_unread_results_are_cut(computed):
    with page(stall_seconds=0.5, waiting=12) as client, unread_results(client):
        wait_for(lambda: cut(client, "stalled") == 12)
        wait_for(lambda: client.page.downloads.used == 0)


def test_too_many_results_at_a_time_are_asked_to_come_back(computed):
    with page(downloads=0) as client:
        token = client.open(b"a").json["token"]
        client.page.downloads.used = 1
        answer = client.ask(f"/photographs/{token}/file")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        client.page.downloads.used = 0
        assert client.ask(f"/photographs/{token}/file").status == 200


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_answer_has_the_same_headers(computed, monkeypatch):
    def failing(*_):
        raise RuntimeError("a fault of the page")

    with page(seconds=0.2, file=1000) as client:
        monkeypatch.setattr(client.page.store, "get", failing)
        answers = {
            200: client.ask("/health"),
            403: client.ask("/about", headers={"host": "evil.example"}),
            404: client.ask("/nothing"),
            405: client.ask("/photographs"),
            408: client.ask("/photographs", "POST", headers={"content-length": "10"}),
            413: client.ask("/photographs", "POST", headers={"content-length": "1001"}),
            500: client.ask("/photographs/token/file"),
        }
        with connected(client, "no such thing\r\n\r\n") as connection:
            raw = connection.recv(4096).decode()
    assert {answer.status for answer in answers.values()} == set(answers)
    for answer in answers.values():
        assert answer.headers.items() >= HEADERS.items(), answer.status
    assert raw.startswith("HTTP/1.1 400")
    assert all(f"{name}: {value}\r\n" in raw for name, value in HEADERS.items())


def test_counters_are_for_prometheus(computed):
    with page() as client:
        client.open(b"abc")
        client.ask("/nothing")
        text = client.ask("/metrics").text
    for line in (
        'cic_answers_total{status="201"} 1.0',
        'cic_answers_total{status="404"} 1.0',
        f"cic_held_bytes {client.page.store.size:.1f}",
        "cic_computations 0.0",
        "cic_upload_bytes 0.0",
        'cic_computation_seconds_count{kind="predict"} 1.0',
    ):
        assert line in text.splitlines()
    assert "process_resident_memory_bytes" in text


@pytest.mark.slow
@pytest.mark.parametrize("sent", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_server_whatever_it_computes(sent):
    code = (
        "import sys, time, types\n"
        "from cic_jax.web import app, server\n"
        "app.predict = lambda *_: time.sleep(1000)\n"
        "listening = server.listen('127.0.0.1', 0)\n"
        "print(listening.getsockname()[1], flush=True)\n"
        "page = app.Page(types.SimpleNamespace(size=256), 'a', "
        "app.Limits(finish_seconds=1, end_seconds=3))\n"
        "server.build(page, '127.0.0.1').run(sockets=[listening])\n"
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as process,
        contextlib.ExitStack() as at_the_end,
    ):
        at_the_end.callback(process.kill)  # else a failure would wait for it for ever
        client = Client(int(process.stdout.readline()))
        answers = []
        asking = threading.Thread(target=lambda: answers.append(client.open(b"a")))
        asking.start()
        wait_for(lambda: "cic_computations 1.0" in client.ask("/metrics").text)
        drip = connected(client, "GET /")
        start = time.monotonic()
        process.send_signal(getattr(signal, sent))
        process.wait(20)
        assert time.monotonic() < start + 15
        asking.join()
        drip.close()
    assert (answers[0].status, answers[0].text) == (503, "the page has ended")
