"""The folder of `cic-jax export --web`: its server, a browser without a network, what is asked."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import jax.numpy as jnp
import numpy as np
from browser import Browser
from PIL import Image
from web_page import ERROR, STATUS, WIDE

from cic_jax import ciede2000, lab

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
LOCAL = ("http://127.0.0.1:", "blob:", "data:", "chrome:")


class Server(ThreadingHTTPServer):
    """Serves a folder, and counts what it is asked for."""

    def __init__(self, folder, **headers):
        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self):
                self.server.asked.append(self.path)
                super().do_GET()

            def end_headers(self):
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                super().end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), partial(Handler, directory=folder))
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Offline(Browser):
    """A browser that finds no other machine, and has asked none in the end."""

    def __init__(self, folder, *flags):
        super().__init__(folder, OFFLINE, *flags)
        self.size(*WIDE)

    def close(self):
        asked = self.requests()
        super().close()
        assert [url for url in asked if not url.startswith(LOCAL)] == []


def ready(page, url):
    page.open(url)
    page.until(lambda: page.value(STATUS) == "The network is ready." or page.value(ERROR))
    assert page.value(ERROR) == ""


def open_photo(page, *paths):
    """Choose files, of which the first is coloured."""
    page.script("document.querySelector('#status').textContent = ''")
    page.type("#chooser", "\n".join(map(str, paths)))
    page.wait(f"{STATUS}.startsWith('{paths[0].name} coloured') || {ERROR}")
    assert page.value(ERROR) == ""


def saved(page, name):
    page.click("#download")
    page.wait(f"{STATUS} === '{name} is saved.' || {ERROR}")
    path = page.downloads / name
    page.until(path.exists)
    pixels = np.asarray(Image.open(path).convert("RGB"))
    path.unlink()
    return pixels


def assert_alike(found, expected, plain=None):
    """Of the same colours, to what is promised; and not of those without what was asked for."""
    one, other = (lab.from_uint8(jnp.asarray(x)) for x in (found, expected))
    difference = np.asarray(ciede2000.difference(one, other))
    assert np.mean(difference) < 0.1
    assert np.quantile(difference, 0.99) < 1
    if plain is not None:
        other = lab.from_uint8(jnp.asarray(plain))
        assert np.mean(ciede2000.difference(one, other)) > 1
