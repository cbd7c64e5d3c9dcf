"""Entry point of the console command `cic-jax`.

A subcommand is a module with a function `add`, which adds its parser and sets `run`, a function
from the parsed arguments to an exit status. Each imports the rest of the library when it runs.
"""

import sys
from typing import TYPE_CHECKING

from cic_jax.cli import console

if TYPE_CHECKING:
    import argparse


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status.

    Ctrl-C is one line and status 130; a reader that ends early (`| head -1`) is status 141 alone.
    A device that JAX cannot use is one line, too, and so is output that cannot be written.
    """
    console.open_missing_streams()
    try:
        with console.interrupts_handled_by(console.exit_interrupted):
            try:
                options = _parse(argv)
                return options.run(options)
            finally:
                console.flush_output()
    except BrokenPipeError:
        console.drop_output()
        return console.UNREAD
    except (RuntimeError, AssertionError):
        from cic_jax.machine import missing_device

        if (reason := missing_device()) is None:
            raise
        console.fail(reason)
    except KeyboardInterrupt:
        console.print_line("interrupted")
        return console.INTERRUPTED
    except OSError as error:  # such as a full disk, wherever nothing more can be said of it
        console.fail(console.describe(error))


def _parse(argv: list[str] | None) -> "argparse.Namespace":
    # Imported here, where Ctrl-C is handled already.
    from cic_jax.cli import arguments, colorize, completion, convert, export, help, info, serve

    parser = arguments.Parser(
        prog="cic-jax",
        description="Colour greyscale photographs.",
        epilog=f"exit status: {console.STATUS_LINE}",
    )
    parser.add_argument("--version", action=arguments.Version)
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (colorize, serve, info, convert, export, completion, help):
        command.add(subcommands)
    words = sys.argv[1:] if argv is None else argv
    parser.require_command(words, subcommands.choices)
    return parser.parse_args(words)
