"""The flags `--hint`, `--hints` and `--palette` of `cic-jax colorize`."""

import argparse
import csv
import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.cli import arguments, console

if TYPE_CHECKING:
    import numpy as np

    from cic_jax.colorize import Colorizer, Hint

COLUMNS = ["photograph", "x", "y", "colour"]
MOST_BYTES = 16 * 2**20  # of a file of hints
MOST_NAMED = 3  # photographs in one line
LONGEST = 80  # characters of a file's first line in an error


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "--hint",
        action="append",
        default=[],
        metavar="X,Y,COLOUR",
        help="colour at a place of every photograph: X and Y in pixels from the upper left, or in "
        "percent of the sides; COLOUR such as darkred or #a03020; may be given many times",
    )
    parser.add_argument(
        "--hints",
        type=arguments.path,
        metavar="FILE",
        help=f"CSV file of hints with the columns {', '.join(COLUMNS)}; a photograph is named as "
        "on the command line, or by its file's name",
    )
    parser.add_argument(
        "--palette",
        type=arguments.path,
        metavar="PHOTO",
        help="a colour photograph whose colours the result is to have",
    )


def check(options: argparse.Namespace) -> None:
    """Fail with one line for hints of another form, or files that cannot be read."""
    from cic_jax import images

    for text in options.hint:
        _fail_on_form(text, "--hint")
    if reason := options.hint and _too_many(len(options.hint)):
        console.fail(f"--hint: {reason}")
    if options.hints is not None:
        for rows in _listed(options.hints).values():
            for text in rows:
                _fail_on_form(text, f"--hints={options.hints}")
    try:
        palette(options)
    except (images.PhotoError, OSError) as error:
        console.fail(f"--palette: {console.describe(error)}")


def require_taken(options: argparse.Namespace, colorizer: "Colorizer") -> None:
    """Fail with one line if there are hints and the model takes none."""
    asked = bool(options.hint) or options.hints is not None or options.palette is not None
    if asked and not colorizer.takes_hints:
        console.fail(
            f"{options.checkpoint} takes no hints: leave --hint, --hints and --palette out, or "
            "choose another --checkpoint"
        )
    if options.unify and colorizer.model.target.centers is None:
        console.fail(f"{options.checkpoint} has no distribution: leave --unify out")
    if options.tau and colorizer.model.target.prior is None:
        console.fail(f"{options.checkpoint} has no prior: leave --vividness out, or set it to 0")


def given(options: argparse.Namespace, path: Path) -> list[str]:
    """Return the hints for the photograph at `path`, as they are written."""
    if options.hints is None:
        return list(options.hint)
    listed = _listed(options.hints)
    return [*options.hint, *listed.get(str(path), listed.get(path.name, []))]


def tell_unused(options: argparse.Namespace, photographs: list[Path]) -> None:
    """Say in one line which names in the file of hints are those of no photograph."""
    if options.hints is None:
        return
    names = {str(path) for path in photographs} | {path.name for path in photographs}
    if unused := [name for name in _listed(options.hints) if name not in names]:
        console.say(
            f"--hints={options.hints}: no photograph here is named "
            f"{' or '.join(unused[:MOST_NAMED])}{' or …' if len(unused) > MOST_NAMED else ''}"
        )


def of(options: argparse.Namespace, path: Path, width: int, height: int) -> list["Hint"]:
    """Return the hints for a photograph of that size.

    Raises PhotoError for one that lies outside.
    """
    from cic_jax.colorize import hints
    from cic_jax.images import PhotoError

    texts = given(options, path)
    if reason := _too_many(len(texts)):
        raise PhotoError(f"{path}: {reason}")
    try:
        return [hints.parse(text, width, height) for text in texts]
    except ValueError as error:
        raise PhotoError(f"{path}: {error}") from error


def palette(options: argparse.Namespace) -> "np.ndarray | None":
    """Return the pixels of the photograph that `--palette` names, None without it.

    Raises PhotoError or OSError.
    """
    return None if options.palette is None else _pixels(options.palette)


@functools.cache
def _pixels(path: Path) -> "np.ndarray":
    from cic_jax import images

    return images.read(path).rgb


@functools.cache
def _listed(path: Path) -> dict[str, list[str]]:
    """Read a file of hints: the hints of each photograph, or fail with one line."""
    listed: dict[str, list[str]] = {}
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)  # it may be a device, which has no end
        if len(content) > MOST_BYTES:
            console.fail(f"--hints={path}: expected a file of at most {MOST_BYTES // 2**20} MiB")
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        if rows.fieldnames != COLUMNS:
            expected, got = (",".join(names or []) for names in (COLUMNS, rows.fieldnames))
            console.fail(
                f"--hints={path}: expected the first line {expected}, got {got[:LONGEST] or 'none'}"
            )
        for row in rows:
            name, x, y, colour = (row[column] or "" for column in COLUMNS)
            listed.setdefault(name, []).append(f"{x},{y},{colour}")
    except OSError as error:
        console.fail(f"--hints: {console.describe(error)}")
    except UnicodeDecodeError as error:
        console.fail(f"--hints={path}: expected text in UTF-8: {error}")
    except csv.Error as error:
        console.fail(f"--hints={path}: expected CSV: {error}")
    return listed


def _too_many(count: int) -> str | None:
    """Return what is wrong with so many hints for one photograph, if anything."""
    from cic_jax.colorize.hints import MOST

    return (
        f"expected at most {MOST} hints for one photograph, got {count}" if count > MOST else None
    )


def _fail_on_form(text: str, flag: str) -> None:
    """Fail with one line if a hint can be meant for no photograph."""
    from cic_jax.colorize import hints

    try:
        hints.parse(text, hints.LARGEST, hints.LARGEST)
    except ValueError as error:
        console.fail(f"{flag}: {error}")
