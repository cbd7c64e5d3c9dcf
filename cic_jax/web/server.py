"""The page's server, from a socket that listens to the end by Ctrl-C."""

import functools
import math
import os
import socket
import threading
from types import FrameType
from typing import Any

import uvicorn

from cic_jax import images
from cic_jax.colorize import Colorizer
from cic_jax.web import app, samples
from cic_jax.web.connection import Connection
from cic_jax.web.limits import Limits
from cic_jax.web.photograph import ReadOut, describe_pixel, predict, render_preview


def listen(host: str, port: int) -> socket.socket:
    """Open a socket at an address of this machine; port 0 is any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def url(host: str, listening: socket.socket) -> str:
    """Return the address of the page."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


class Server(uvicorn.Server):
    """Uvicorn's server, which by itself ends only when everything under way has ended."""

    def __init__(self, config: uvicorn.Config, limits: Limits) -> None:
        """Make a server that ends in `limits.end_seconds` after a signal."""
        super().__init__(config)
        self._limits = limits

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order, or else by force."""
        super().handle_exit(sig, frame)
        images.end_workers()
        end = threading.Timer(self._limits.end_seconds, os._exit, (128 + sig,))
        end.daemon = True
        end.start()


def build(page: app.Page, *names: str) -> Server:
    """Build a server that is not running yet, of a page at these names or addresses."""
    connection: Any = functools.partial(Connection, page.limits, page.counters)
    config = uvicorn.Config(
        app.create(page, *names),
        http=connection,
        log_level="warning",
        timeout_graceful_shutdown=math.ceil(page.limits.finish_seconds),
        proxy_headers=False,
        server_header=False,
        ws="none",
    )
    return Server(config, page.limits)


def warm_up(colorizer: Colorizer) -> None:
    """Compile the programs that the first photograph needs, before there is one."""
    first = next(iter(samples.SAMPLES))
    photograph = predict(colorizer, first, samples.jpeg(first))
    render_preview(colorizer, photograph, ReadOut())
    if colorizer.model.target.centers is not None:
        describe_pixel(colorizer, photograph, 0.5, 0.5, ReadOut(candidate=1))


def serve(
    colorizer: Colorizer, model: str, host: str, listening: socket.socket, *names: str
) -> None:
    """Answer at a socket that listens, until interrupted.

    Args:
        colorizer: Colours the photographs.
        model: Its name.
        host: Name or address of the socket.
        listening: The socket.
        names: Further names of the page, by which a proxy is asked for it.
    """
    warm_up(colorizer)
    print(f"The page is at {url(host, listening)} (Ctrl-C ends it)", flush=True)
    build(app.Page(colorizer, model), host, *names).run(sockets=[listening])
