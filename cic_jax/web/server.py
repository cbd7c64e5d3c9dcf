"""Listen, say where, and answer until interrupted."""

import socket

import uvicorn

from cic_jax.colorize import Colorizer
from cic_jax.web import app, photograph, samples

CONNECTIONS = 32  # at a time; more are told to come back


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address of this machine; port 0 is any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def url(host: str, listening: socket.socket) -> str:
    """Where the page is found."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def build(
    colorizer: Colorizer, model: str, host: str, limits: app.Limits = app.DEFAULT_LIMITS
) -> uvicorn.Server:
    """A server that is not running yet."""
    return uvicorn.Server(
        uvicorn.Config(
            app.create(colorizer, model, host, limits),
            log_level="warning",
            limit_concurrency=CONNECTIONS,
            proxy_headers=False,
            server_header=False,
            ws="none",
        )
    )


def warm_up(colorizer: Colorizer) -> None:
    """Compile what the first photograph needs, before there is one."""
    first = next(iter(samples.SAMPLES))
    held = photograph.predict(colorizer, first, samples.jpeg(first))
    photograph.preview(colorizer, held, photograph.ReadOut())
    if colorizer.model.target.centers is not None:
        photograph.pixel(colorizer, held, 0.5, 0.5, photograph.ReadOut(candidate=1))


def serve(colorizer: Colorizer, model: str, host: str, listening: socket.socket) -> None:
    """Answer at a socket that listens, until interrupted."""
    warm_up(colorizer)
    print(f"The page is at {url(host, listening)} (Ctrl-C ends it)", flush=True)
    build(colorizer, model, host).run(sockets=[listening])
