"""The page's server: what it refuses, and whom."""

import asyncio
import errno
import io
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import image_samples as files
import numpy as np
import pytest
from PIL import Image
from starlette.responses import PlainTextResponse
from web_server import JPEG, serving, tiny_colorizer, wait_for

from cic_jax import images
from cic_jax.web import app, photograph
from cic_jax.web.guard import Guard


@pytest.mark.parametrize(
    ("name", "content", "message"), files.UNREADABLE, ids=files.ids(files.UNREADABLE)
)
def test_what_is_no_photograph_costs_one_line(client, name, content, message):
    answer = client.open(content, name)
    assert answer.status == 422
    assert answer.text.startswith(f"{name}: ")
    assert re.search(message, answer.text)
    assert "\n" not in answer.text


@pytest.mark.parametrize(
    ("path", "message"),
    {
        "picture?temperature=hot": "temperature: expected a number from 0 to 1, got 'hot'",
        "picture?temperature=1.1": "temperature: expected a number from 0 to 1, got '1.1'",
        "picture?temperature=nan": "temperature: expected a number from 0 to 1, got 'nan'",
        "picture?candidate=4": "candidate: expected a whole number from 0 to 3, got '4'",
        "picture?candidate=1.5": "candidate: expected a whole number from 0 to 3, got '1.5'",
        "picture?longest=0": "longest: expected a whole number from 1 to 1024, got '0'",
        "file?saturation=-1": "saturation: expected a number from 0 to 3, got '-1'",
        "file?saturation=inf": "saturation: expected a number from 0 to 3, got 'inf'",
        "pixel?x=0.5": "y: expected a number from 0 to 1, got None",
        "pixel?x=2&y=0": "x: expected a number from 0 to 1, got '2'",
    }.items(),
)
def test_numbers_out_of_range_are_named(client, token, path, message):
    answer = client.ask(f"/photographs/{token}/{path}")
    assert (answer.status, answer.text) == (400, message)


@pytest.mark.parametrize("what", ["picture", "file", "pixel?x=0&y=0"])
def test_an_unknown_token_is_a_forgotten_photograph(client, what):
    answer = client.ask(f"/photographs/anything/{what}")
    assert (answer.status, answer.text) == (
        404,
        "this photograph has been forgotten: open it again",
    )


def test_a_result_that_cannot_be_encoded_costs_one_line(client, token, monkeypatch):
    wide = images.Photo(np.zeros((1, 17_000), np.uint8), format="WEBP")  # which ends at 16383
    monkeypatch.setattr(photograph, "_read", lambda *_: wide)
    monkeypatch.setattr(photograph, "_render", lambda *_: np.zeros((1, 17_000, 3), np.uint8))
    answer = client.ask(f"/photographs/{token}/file")
    assert (answer.status, answer.text.splitlines()) == (422, [answer.text])
    assert "cannot encode 17000 x 1 pixels as WEBP" in answer.text


def test_a_full_disk_costs_one_line(client, token, monkeypatch):
    def failing(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(app, "render_file", failing)
    answer = client.ask(f"/photographs/{token}/file")
    said = "the server has no room for the result: no space left on device"
    assert (answer.status, answer.text) == (507, said)


def test_an_unknown_sample_is_named(client):
    answer = client.ask("/samples/dog.jpg")
    assert answer.status == 404
    assert answer.text == "expected one of motorcycle, rocket, coffee, cat, camera, got dog"


def test_a_file_that_is_too_large_is_not_taken(colorizer):
    with serving(colorizer, app.Limits(file=2**20)) as client:
        declared = client.ask("/photographs", "POST", headers={"content-length": str(2**20 + 1)})
        chunks = (bytes(2**18) for _ in range(5))  # of undeclared length
        streamed = client.ask("/photographs", "POST", chunks)
        for answer in (declared, streamed):
            assert (answer.status, answer.text) == (
                413,
                "expected a file of at most 1 MiB, got a larger one: "
                "colour it by the command cic-jax colorize",
            )
        assert client.open(JPEG).status == 201


def test_a_file_that_does_not_come_is_not_waited_for(colorizer):
    with serving(colorizer, app.Limits(seconds=0.2)) as client:
        answer = client.ask("/photographs", "POST", headers={"content-length": "100"})
        assert (answer.status, answer.text) == (408, "expected the whole file within 0.2 s")


def test_a_file_that_breaks_off_disturbs_nobody(client, capfd):
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        connection.sendall(
            b"POST /photographs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
        )
    assert client.open(JPEG).status == 201
    assert capfd.readouterr().err == ""


def test_one_computation_at_a_time_and_few_wait():
    colorizer = tiny_colorizer()
    with serving(colorizer, app.Limits(waiting=1)) as client, ThreadPoolExecutor(3) as pool:
        colorizer.gate.clear()
        running = pool.submit(client.open, JPEG)
        wait_for(lambda: colorizer.runs == 1)
        answers = [pool.submit(client.open, JPEG) for _ in range(2)]
        wait_for(lambda: any(answer.done() for answer in answers))
        # Meanwhile what needs no computation is answered.
        assert client.ask("/about").status == 200
        assert colorizer.runs == 1
        colorizer.gate.set()
        refused, taken = sorted((a.result() for a in answers), key=lambda a: -a.status)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert refused.text == "too many photographs are waiting: try again in a moment"
        assert taken.status == running.result().status == 201
        assert colorizer.runs == 2


def test_what_nobody_waits_for_is_not_computed():
    colorizer = tiny_colorizer()
    with serving(colorizer, app.Limits(waiting=1)) as client, ThreadPoolExecutor(1) as pool:
        colorizer.gate.clear()
        running = pool.submit(client.open, JPEG)
        wait_for(lambda: colorizer.runs == 1)
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            head = f"POST /photographs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(JPEG)}"
            connection.sendall(f"{head}\r\n\r\n".encode() + JPEG)
            wait_for(lambda: client.page.queue.length == 2)
        wait_for(lambda: client.page.queue.length == 1)  # its place is free
        colorizer.gate.set()
        assert running.result().status == 201
        assert colorizer.runs == 1


def test_a_computation_that_takes_too_long_is_given_up():
    colorizer = tiny_colorizer()
    colorizer(np.asarray(Image.open(io.BytesIO(JPEG))))  # compiled
    with serving(colorizer, app.Limits(seconds=0.5, waiting=1)) as client:
        colorizer.gate.clear()
        with ThreadPoolExecutor(2) as pool:
            given_up = [a.result() for a in [pool.submit(client.open, JPEG) for _ in range(2)]]
        for answer in given_up:
            assert (answer.status, answer.text) == (
                503,
                "this took longer than 0.5 s: try a smaller photograph",
            )
        colorizer.gate.set()
        wait_for(lambda: client.open(JPEG).status == 201)
        assert colorizer.runs == 3  # the one that waited was never begun


# ---- whom it answers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "", "[::1"])
def test_another_name_for_this_address_is_refused(client, host):
    for path in ("/", "/about"):
        answer = client.ask(path, headers={"host": host})
        assert answer.status == 403
        assert answer.text.startswith(f"expected an address or localhost as the host, got {host!r}")
        assert answer.text.endswith("start it with --name=NAME")
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1:80", "[::1]:8000"])
def test_names_of_this_machine_are_known(client, host):
    assert client.ask("/about", headers={"host": host}).status == 200


@pytest.mark.parametrize(("host", "status"), [("studio.lan:8000", 200), ("other.lan:8000", 403)])
def test_the_name_that_was_asked_for_is_known(host, status):
    guard = Guard(PlainTextResponse("the page"), names=["127.0.0.1", "Studio.lan"])
    scope = {"type": "http", "path": "/about", "headers": [(b"host", host.encode())]}
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, None, send))
    assert sent[0]["status"] == status


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_ask_in_vain(client, token, headers):
    for path, method in ((f"/photographs/{token}/picture", "GET"), ("/photographs", "POST")):
        answer = client.ask(path, method, JPEG if method == "POST" else None, headers)
        assert answer.status == 403
        assert answer.text == "expected a request of the page itself, got one of another site"
    assert client.ask("/", headers=headers).status == 200  # a link to the page


def test_the_page_itself_may_ask(client):
    own = {"origin": client.url.rstrip("/"), "sec-fetch-site": "same-origin"}
    assert client.ask("/photographs", "POST", JPEG, own).status == 201
