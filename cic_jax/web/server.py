"""The page's server, from a socket that listens to the end by Ctrl-C."""

import socket

import uvicorn

from cic_jax.colorize import Colorizer
from cic_jax.web import app, samples
from cic_jax.web.photograph import ReadOut, describe_pixel, predict, render_preview

CONNECTIONS = 32  # the most at a time; more are asked to come back


def listen(host: str, port: int) -> socket.socket:
    """Open a socket at an address of this machine; port 0 is any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def url(host: str, listening: socket.socket) -> str:
    """Return the address of the page."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def build(page: app.Page, host: str) -> uvicorn.Server:
    """Build a server that is not running yet."""
    return uvicorn.Server(
        uvicorn.Config(
            app.create(page, host),
            log_level="warning",
            limit_concurrency=CONNECTIONS,
            proxy_headers=False,
            server_header=False,
            ws="none",
        )
    )


def warm_up(colorizer: Colorizer) -> None:
    """Compile the programs that the first photograph needs, before there is one."""
    first = next(iter(samples.SAMPLES))
    photograph = predict(colorizer, first, samples.jpeg(first))
    render_preview(colorizer, photograph, ReadOut())
    if colorizer.model.target.centers is not None:
        describe_pixel(colorizer, photograph, 0.5, 0.5, ReadOut(candidate=1))


def serve(colorizer: Colorizer, model: str, host: str, listening: socket.socket) -> None:
    """Answer at a socket that listens, until interrupted."""
    warm_up(colorizer)
    print(f"The page is at {url(host, listening)} (Ctrl-C ends it)", flush=True)
    build(app.Page(colorizer, model), host).run(sockets=[listening])
