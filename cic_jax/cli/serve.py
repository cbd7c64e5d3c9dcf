"""`cic-jax serve`, which asks for the page's packages when it runs and not before."""

import argparse

from cic_jax.cli import console

EXTRA = ("starlette", "uvicorn")  # of the extra `web`
SIZE = 256  # at which the network looks


def add_serve(subcommands: argparse._SubParsersAction) -> None:
    """`cic-jax serve`."""
    parser = subcommands.add_parser(
        "serve",
        help="show a page that colours the photographs dropped on it",
        description="Show a page that colours the photographs dropped on it, on this machine "
        "alone unless --host says otherwise. Whoever reaches the page can use it: it asks for no "
        "password and speaks plain HTTP.",
    )
    parser.add_argument(
        "--port", type=_port, default=8000, help="0 takes any that is free (default: %(default)s)"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="name or address to listen at; 0.0.0.0 is all of them (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint",
        default=console.DEFAULT_CHECKPOINT,
        help="training run, exported model or released name (default: %(default)s)",
    )
    parser.set_defaults(run=serve, size=SIZE)


def serve(arguments: argparse.Namespace) -> int:
    """Answer until interrupted."""
    try:
        from cic_jax.web import server
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in EXTRA:
            raise
        console.fail(
            f"the page needs {package}, which is not installed: pip install 'cic-jax[web]', or "
            "pip install -e '.[web]' in a checkout"
        )
    host, port = arguments.host, arguments.port
    try:
        listening = server.listen(host, port)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # what follows repeats the address
        console.fail(f"cannot listen at port {port} of {host}: {reason}")
    with listening:
        server.serve(console.restore(arguments), arguments.checkpoint, host, listening)
    return console.DONE


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"expected 0 to 65535, got {text}")
    return value
