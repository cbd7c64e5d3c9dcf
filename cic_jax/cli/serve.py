"""The subcommand `cic-jax serve`, which imports the page's packages only when it runs."""

import argparse
import signal

from cic_jax.cli import arguments, console

EXTRA = ("starlette", "uvicorn")  # packages of the extra `web`


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax serve`."""
    parser = subcommands.add_parser(
        "serve",
        help="serve a web page that colours the photographs dropped on it",
        description="Serve a web page that colours the photographs dropped on it. Only this "
        "machine can reach it unless --host says otherwise. Whoever reaches the page can use it: "
        "it asks for no password and speaks plain HTTP.",
    )
    parser.add_argument(
        "--port",
        type=arguments.number(int, 0, 65535),
        default=8000,
        help="port to listen at; 0 is any that is free (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="name or address to listen at; 0.0.0.0 is all of them (default: %(default)s)",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="name by which browsers know the page behind a proxy, such as colour.example.org; "
        "may be repeated",
    )
    arguments.add_checkpoint(parser)
    parser.set_defaults(run=serve)


def serve(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, the ordinary way to end it: nothing is printed then."""
    try:
        from cic_jax.web import server
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in EXTRA:
            raise
        console.fail(
            f"the page needs {package}, which is not installed: `pip install '.[web]'` in a clone"
        )
    host, port = options.host, options.port
    if not _is_name(host):
        console.fail(f"--host: expected a name or an address, got {host!r}")
    for name in options.name:
        if not name or not _is_name(name):
            console.fail(f"--name: expected the name of a host, got {name!r}")
    try:
        listening = server.listen(host, port)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # the rest repeats the address
        console.fail(f"cannot listen at port {port} of {host}: {reason}")
    with listening:
        colorizer = console.restore(options.checkpoint, factories=options.factory)
        try:
            with console.interrupts_handled_by(signal.default_int_handler):
                server.serve(colorizer, options.checkpoint, host, listening, *options.name)
        except KeyboardInterrupt:
            return console.INTERRUPTED
    return console.DONE


def _is_name(host: str) -> bool:
    """Return whether a host can be looked up; an empty one is every address of this machine."""
    try:
        return bool(host.encode("idna"))
    except UnicodeError:  # a part that is empty or too long
        return False
