"""Where `cic-jax colorize` writes: a folder, or one file that is named."""

import argparse
import itertools
import os
import re
from pathlib import Path
from typing import NamedTuple, NoReturn

from cic_jax.cli import console
from cic_jax.cli.sources import RECORD

SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
EXPECTED = (
    "expected photographs and --out=DIR, or --out=FILE for one photograph, or only - for standard "
    "input"
)
SUFFIX = re.compile(r"\.[a-z][a-z0-9]{2,4}", re.IGNORECASE)  # that a folder hardly has


class Destination(NamedTuple):
    """The photographs to colour and the folder of the results, or the name of the only one."""

    photographs: list[str]
    folder: Path
    file: Path | None = None

    def __str__(self) -> str:
        """Return what the user named."""
        return str(self.file or self.folder)


def find(options: argparse.Namespace) -> Destination:
    """Tell photographs from their destination, or fail with one line.

    `--out` is a file if it ends in a picture's or a film's suffix, is no folder, and one file is
    coloured. Other suffixes are refused then: the file or its name may be meant otherwise.
    Without `--out` the last argument is the folder of the results if it cannot be meant otherwise:
    it ends in / or is a folder, and has no photographs but results of this command.
    """
    if options.out is None:
        return _last(options.photos)
    if options.out == "-":
        console.fail("--out: expected a folder or a file, got -; alone, - means standard streams")
    out = Path(options.out)
    if options.out.endswith(SEPARATORS) or os.path.isdir(out):
        return Destination(options.photos, out)
    is_one = len(options.photos) == 1 and os.path.isfile(options.photos[0])
    if not _is_picture(out) and not (is_one and SUFFIX.fullmatch(out.suffix)):
        return Destination(options.photos, out)
    if not is_one:
        _require_one(options.photos, out)
    from cic_jax import film
    from cic_jax.images import SUFFIXES, WRITTEN

    written = [suffix for format in WRITTEN for suffix in SUFFIXES[format]]
    if film.is_film(out if _is_picture(out) else Path(options.photos[0])):
        written = list(film.WRITTEN)
    if out.suffix.lower() not in written:
        console.fail(
            f"--out: expected a name that ends in one of {' '.join(written)}; got {out} (a folder "
            f"of that name is {out}{os.sep})"
        )
    return Destination(options.photos, out.parent, out)


def _require_one(photographs: list[str], out: Path) -> NoReturn:
    """Fail with one line, since what is to become the file `out` is not one file."""
    from cic_jax.cli.plan import PATTERN

    for name in photographs:
        if not os.path.exists(name) and not PATTERN.search(name):
            console.fail(f"{name}: no such file or directory")
    console.fail(
        f"--out: expected a folder, since {' '.join(photographs)} may be several photographs; got "
        f"a picture's name, {out} (a folder of that name is {out}{os.sep})"
    )


def _last(photographs: list[str]) -> Destination:
    """Take the last argument as the folder of the results."""
    *first, last = photographs
    folder = Path(last)
    if "-" in photographs:
        console.fail(EXPECTED)
    if not first:
        console.fail(f"expected --out as well, such as `cic-jax colorize {last} --out=coloured`")
    if not last.endswith(SEPARATORS) and not os.path.isdir(folder):
        console.fail(f"{EXPECTED}; or a last argument that is a folder or ends in /, got {last}")
    if os.path.isdir(folder) and not (folder / RECORD).exists() and _has_photographs(folder):
        console.fail(
            f"expected --out=DIR: {last} has photographs, so it may be meant to be coloured; "
            f"--out={last} writes into it"
        )
    return Destination(first, folder)


def _has_photographs(folder: Path) -> bool:
    from cic_jax import images

    return any(True for _ in images.files_below(folder))


def _is_picture(path: Path) -> bool:
    """Return whether a file is named like a photograph or a film."""
    from cic_jax.film import is_film
    from cic_jax.images import SUFFIXES

    return is_film(path) or path.suffix.lower() in itertools.chain(*SUFFIXES.values())
