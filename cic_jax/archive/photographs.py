"""The photographs of an archive, the places of their results, and the shares that they fall into.

The place of a result follows from the photograph's name alone, so that no share has to know what
the others do.
"""

import hashlib
import itertools
import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cic_jax import images
from cic_jax.archive import stores

SUFFIXES = tuple(itertools.chain(*images.SUFFIXES.values()))


class Photograph(NamedTuple):
    """A photograph by its path or URL, and where its result goes below the output folder.

    A suffix is appended to the place if the result is of another format than it says.
    """

    name: str
    place: str


class Share(NamedTuple):
    """One of `total` parts of an archive, numbered from 1."""

    number: int
    total: int

    def __contains__(self, place: object) -> bool:
        """Return whether the photograph of a place is in this share.

        Places that could have results of one name are in the same share, whatever their order.
        """
        digest = hashlib.blake2b(_key(str(place)).encode("utf-8", "surrogateescape"), digest_size=8)
        return int.from_bytes(digest.digest(), "big") % self.total == self.number - 1

    def __str__(self) -> str:
        """Return it as on the command line."""
        return f"{self.number}/{self.total}"


ALL = Share(1, 1)


def listed(path: Path) -> Iterator[Photograph]:
    """Yield the photographs that a text file names, a path or URL on each line.

    The place of a result is the photograph's whole path. Raises OSError.
    """
    # Editors on Windows begin a text with a byte order mark, which is no part of the first name.
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for line in file:
            name = line.rstrip("\r\n")
            if name.strip():
                yield Photograph(name, _whole(name))


def find(name: str) -> Iterator[Photograph]:
    """Yield the photographs of a file, a folder or a URL of either; places keep a folder's tree.

    Raises OSError where a folder cannot be read.
    """
    if stores.is_url(name):
        for url, place in stores.below(name, SUFFIXES):
            yield Photograph(url, place)
    elif os.path.isdir(name):
        for path in images.files_below(Path(name), on_error=_raise):
            yield Photograph(str(path), path.relative_to(name).as_posix())
    else:
        yield Photograph(name, Path(name).name)


def planned(
    photographs: Iterable[Photograph], share: Share = ALL
) -> tuple[list[Photograph], dict[Photograph, str]]:
    """Return the photographs of a share, and those that cannot be coloured with the reason.

    A photograph named twice counts once. Two whose results could have the same name are told apart
    by nothing that lasts: the first is taken, the other refused.
    """
    groups: dict[str, dict[str, Photograph]] = {}  # by key; by the results that there may be
    taken: list[Photograph] = []
    refused: dict[Photograph, str] = {}
    for photograph in photographs:
        if photograph.place not in share:
            continue
        group = groups.setdefault(_key(photograph.place), {})
        results = _possible(photograph.place)
        other = next((group[result] for result in results if result in group), None)
        if other is None:
            taken.append(photograph)
            group |= dict.fromkeys(results, photograph)
        elif not _is_same(other.name, photograph.name):
            refused[photograph] = f"its result could have the name of that of {other.name}"
    return taken, refused


def result_name(place: str, format: str) -> str:
    """Return the place of the result of a photograph of that format, by Pillow's name.

    The place itself if its suffix says the format, else with the suffix appended: a.gif.png.
    """
    path = PurePosixPath(place)
    named = images.output_name(Path(path.name), format).name
    return place if named == path.name else place + Path(named).suffix


def likely_result(place: str) -> str:
    """Return the place of a result by the photograph's suffix, before its content is known."""
    for format, suffixes in images.SUFFIXES.items():
        if place.lower().endswith(suffixes):
            return result_name(place, format)
    return place


def _whole(name: str) -> str:
    """Return the place of a photograph by its whole name."""
    if stores.is_url(name):
        return posixpath.normpath("/" + name.partition("://")[2]).lstrip("/")
    path = Path(os.path.normpath(name))
    if path.is_absolute() or ".." in path.parts:
        path = Path(os.path.abspath(path))
    return path.relative_to(path.anchor).as_posix()


def _is_same(name: str, other: str) -> bool:
    """Return whether two names are one, such as a.jpg and ./a.jpg."""
    if name == other or stores.is_url(name) or stores.is_url(other):
        return name == other
    return os.path.abspath(name) == os.path.abspath(other)


def _key(place: str) -> str:
    """Return what the places have in common whose results could have the same name."""
    key = place.casefold()
    while key.endswith(SUFFIXES):
        key = key.rpartition(".")[0]
    return key


def _possible(place: str) -> list[str]:
    """Return the names that a result may have, in lower case: on some systems case is no matter."""
    appended = [place + images.SUFFIXES[format][0] for format in images.WRITTEN]
    return [name.casefold() for name in (place, *appended)]


def _raise(error: OSError) -> None:
    raise error
