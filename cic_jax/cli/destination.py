"""Where `cic-jax colorize` writes: a folder, or one file that is named."""

import argparse
import itertools
import os
from pathlib import Path
from typing import NamedTuple

from cic_jax.cli import console
from cic_jax.cli.sources import RECORD

SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
EXPECTED = "expected photographs and --out=DIR, or only -"


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
    coloured.
    Without `--out` the last argument is the folder of the results if it cannot be meant otherwise:
    it ends in / or is a folder, and has no photographs but results of this command.
    """
    if options.out is None:
        return _last(options.photos)
    out = Path(options.out)
    if options.out.endswith(SEPARATORS) or not _is_picture(out) or os.path.isdir(out):
        return Destination(options.photos, out)
    if len(options.photos) > 1 or not os.path.isfile(options.photos[0]):
        console.fail(
            f"--out: expected a folder, since {' '.join(options.photos)} may be several "
            f"photographs; got a picture's name, {out} (a folder of that name is {out}{os.sep})"
        )
    from cic_jax import film
    from cic_jax.images import SUFFIXES, WRITTEN

    written = [suffix for format in WRITTEN for suffix in SUFFIXES[format]]
    if film.is_film(out):
        written = list(film.WRITTEN)
    if out.suffix.lower() not in written:
        console.fail(f"--out: expected a name that ends in one of {' '.join(written)}; got {out}")
    return Destination(options.photos, out.parent, out)


def _last(photographs: list[str]) -> Destination:
    """Take the last argument as the folder of the results."""
    *first, last = photographs
    folder = Path(last)
    if not first or "-" in photographs:
        console.fail(EXPECTED)
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
