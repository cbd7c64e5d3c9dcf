"""Parsing shared by the subcommands of `cic-jax`: the parser, paths and numbers in a range."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from cic_jax.cli import console
from cic_jax.printable import printable


class Parser(argparse.ArgumentParser):
    """A parser whose errors show control characters in the arguments as escapes."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with status 2."""
        super().error(printable(message))


def path(text: str) -> Path:
    """Parse a path; a leading `~` is the user's home, as no shell expands it in `--out=~/x`."""
    return Path(name(text))


def name(text: str) -> str:
    """Parse a name that may be a path or a pattern, with `~` expanded as in `path`.

    An empty one, such as an unset variable of a script leaves, is refused: it would be this folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a name, got an empty one")
    return os.path.expanduser(text)


def number(kind: type[int] | type[float], low: int, high: int) -> Callable[[str], int | float]:
    """Return a parser of numbers from `low` to `high`, both included."""

    def parse(text: str) -> int | float:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {low} to {high}, got {text}")
        return value

    parse.__name__ = kind.__name__  # argparse's message, if `kind` refuses the text, has this name
    return parse


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Add `--checkpoint` and `--factory`."""
    add_factory(parser)
    parser.add_argument(
        "--checkpoint",
        type=name,
        default=console.DEFAULT_CHECKPOINT,
        help="training run, exported model or name of a released one (default: %(default)s)",
    )


def add_checkpoint_argument(parser: argparse.ArgumentParser) -> None:
    """Add the checkpoint as an argument without a flag, which may be left out."""
    parser.add_argument(
        "checkpoint",
        nargs="?",
        type=name,
        default=console.DEFAULT_CHECKPOINT,
        help="training run, exported model or name of a released one (default: %(default)s)",
    )


def add_factory(parser: argparse.ArgumentParser) -> None:
    """Add `--factory`, without which a checkpoint imports no code."""
    parser.add_argument(
        "--factory",
        action="append",
        default=[],
        metavar="MODULE:FUNCTION",
        help="allow to import this function, which the checkpoint names as the one that built its "
        "network or target; may be given twice",
    )
