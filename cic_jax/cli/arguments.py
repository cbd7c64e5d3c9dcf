"""Parsing shared by the subcommands of `cic-jax`: the parser, paths and numbers in a range."""

import argparse
import difflib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from cic_jax.cli import console
from cic_jax.printable import printable


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with control characters in the arguments as escapes."""

    def error(self, message: str) -> NoReturn:
        """Print the message and how to get help, and exit with status 2."""
        said = printable(message.removeprefix("argument "))
        self.exit(2, f"{self.prog}: {said}; `{self.prog} --help` says more\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, but fail for unknown flags here, where those there are is known.

        argparse would leave those of a subcommand to the parser of the command.
        """
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown[0])
        return parsed, unknown

    def _refuse(self, word: str) -> NoReturn:
        """Fail with a line on a word that no flag or argument takes."""
        if not word.startswith("-"):
            self.error(f"expected fewer arguments, got {word} as well")
        flag = word.partition("=")[0]
        self.error(f"there is no flag {flag}{similar(flag, self._option_string_actions)}")

    def require_command(self, words: list[str], commands: Iterable[str]) -> None:
        """Fail, and say what may be meant, where `words` begin with neither a command nor a flag.

        argparse would list the commands in another way in each version of Python.
        """
        listed = ", ".join(commands)
        if not words:
            self.error(f"expected a command: {listed}")
        word = words[0]
        if word in commands or any(flag.startswith(word) for flag in self._option_string_actions):
            return
        if word.startswith("-"):
            self._refuse(word)
        if Path(word).exists():
            self.error(f"expected a command first: `{self.prog} colorize {word} --out=coloured`")
        self.error(f"there is no command {word}{similar(word, commands) or f' among {listed}'}")


class Version(argparse.Action):
    """A flag that prints the version and ends the command."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        """Take no value."""
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print it."""
        import cic_jax

        print(cic_jax.__version__)
        parser.exit()


def similar(word: str, words: Iterable[str]) -> str:
    """Return the question whether another of `words` is meant, empty if none is like it."""
    near = difflib.get_close_matches(word, list(words), 1)
    return f" (is {near[0]} meant?)" if near else ""


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
    what = "an integer" if kind is int else "a number"

    def parse(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {what} from {low} to {high}, got {text}")
        return value

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
