"""The subcommand `cic-jax help`, short texts on one topic each."""

import argparse

from cic_jax.cli import console
from cic_jax.cli.sources import RECORD
from cic_jax.cli.topics import ARCHIVE, FILM, HINTS, NAMES, formats

MANIFEST = "manifest"  # as cic_jax.archive.NAME, which loads JAX


def _statuses() -> str:
    lines = (f"{status:3}  {meaning}" for status, meaning in console.STATUSES.items())
    return "\n".join(["Exit statuses of every command:", "", *lines])


TOPICS = {
    "formats": formats,
    "hints": lambda: HINTS,
    "names": lambda: NAMES.format(record=RECORD),
    "exit-status": _statuses,
    "film": lambda: FILM,
    "archive": lambda: ARCHIVE.format(name=MANIFEST),
}


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax help TOPIC`."""
    commands = list(subcommands.choices)
    parser = subcommands.add_parser(
        "help", help="explain a topic", description="Explain a topic or a command."
    )
    parser.add_argument(
        "topic",
        nargs="?",
        choices=[*TOPICS, *commands],
        metavar="TOPIC",
        help=f"{', '.join(TOPICS)}; or a command: {', '.join(commands)}",
    )
    parser.set_defaults(run=lambda options: show(options.topic, subcommands))


def show(topic: str | None, subcommands: argparse._SubParsersAction) -> int:
    """Print the text of a topic, a command's help, or the topics there are."""
    if topic is None:
        print(f"`cic-jax help TOPIC` explains {', '.join(TOPICS)}, or a command:")
        print(", ".join(name for name in subcommands.choices if name != "help"))
    elif topic in TOPICS:
        print(TOPICS[topic]())
    else:
        print(subcommands.choices[topic].format_help(), end="")
    return console.DONE
