"""The page's server on a free port of this machine, and plain questions to it."""

import http.client
import json
import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

import photo_files
from tiny_models import tiny_model

from cic_jax import Colorizer, bins, prior
from cic_jax.target import Palette
from cic_jax.web import app, server

JPEG = photo_files.encode(photo_files.picture(0, (90, 60)))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class CountingColorizer(Colorizer):
    """Counts the runs of its network, and makes them wait while `gate` is closed."""

    def __init__(self, model, size=64):
        super().__init__(model, size)
        self.runs = 0
        self.gate = threading.Event()
        self.gate.set()

    def predict(self, photo, *hints, **options):
        self.runs += 1
        assert self.gate.wait(30)
        return super().predict(photo, *hints, **options)


def tiny_colorizer(**options):
    """Of random weights, for bins of known frequencies unless told otherwise."""
    if "centers" not in options:
        options["palette"] = Palette(bins.CENTERS, prior.IMAGENET, None)
    return CountingColorizer(tiny_model(gain=30.0, **options))


class Client:
    def __init__(self, port, page=None):
        self.port = port
        self.page = page
        self.url = f"http://127.0.0.1:{port}/"

    def ask(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def open(self, file, name="photo.jpg"):
        return self.ask(f"/photographs?name={name}", "POST", file)


@contextmanager
def serving(colorizer, limits=app.DEFAULT_LIMITS):
    """A client of a page that is served; `client.page` is the page."""
    listening = server.listen("127.0.0.1", 0)
    page = app.Page(colorizer, "tiny", limits)
    serving = server.build(page, "127.0.0.1")
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Client(listening.getsockname()[1], page)
    finally:
        serving.should_exit = True
        thread.join()
        listening.close()


def wait_for(condition):
    """Return as soon as it holds; fail where it does not in 20 seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
