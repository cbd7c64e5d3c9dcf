"""Which photographs a command names, and where their results go."""

import glob
import itertools
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cic_jax import images
from cic_jax.cli.sources import Sources

PATTERN = re.compile(r"[*?[]")  # the characters that make a name a pattern
# Suffixes of photographs in formats that are not read, or not always. Those in a folder are named
# as failures rather than left out in silence.
UNREAD = (
    *(".heic", ".heif", ".hif", ".jxl", ".jpe", ".mpo", ".j2k", ".psd"),
    # cameras' RAW files
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mrw", ".nef"),
    *(".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)


class Job(NamedTuple):
    """A photograph and the files to write: one, or one for each candidate."""

    photograph: Path
    results: list[Path]


class Plan(NamedTuple):
    """The work to do, the number of photographs done already, and one line per failure."""

    jobs: list[Job]
    done: int
    errors: list[str]


def plan_results(names: list[str], out: Path, overwrite: bool = False, candidates: int = 1) -> Plan:
    """Find the photographs that files, folders and patterns name, and a place for each in `out`.

    A folder keeps its tree. A photograph named twice counts once. A result whose name is taken gets
    a number, in the order of `names`: taken by another photograph of this command, or by a file
    that `Sources` does not record as made from this one. So the same command finds what it has
    done, and no file is replaced but the photograph's own result, with `overwrite`. The candidates
    of a photograph end in -1, -2 and so on; it is done when all of them exist.
    """
    errors: list[str] = []
    jobs: list[Job] = []
    done = 0
    sources = Sources(out)
    seen: set[Path] = set()
    taken: set[str] = set()  # in lower case: on some systems case makes no difference

    def is_taken(photograph: Path, result: Path) -> bool:
        if str(result).lower() in taken:
            return True
        return result.exists() and not sources.made(result, photograph)

    for photograph, place in itertools.chain(*(_find(name, out, errors) for name in names)):
        if photograph.resolve() in seen:
            continue
        seen.add(photograph.resolve())
        try:
            target = images.output_name(out / place, images.identify(photograph))
        except images.PhotoError as error:
            errors.append(str(error))
            continue
        if any(images.is_same_file(photograph, path) for path in _results(target, candidates)):
            errors.append(f"{photograph}: is in the output folder itself; name another")
            continue
        results = _free_results(target, candidates, partial(is_taken, photograph))
        taken |= {str(result).lower() for result in results}
        if all(result.exists() for result in results) and not overwrite:
            done += 1
        else:
            jobs.append(Job(photograph, results))
    return Plan(jobs, done, errors)


def _find(argument: str, out: Path, errors: list[str]) -> Iterator[tuple[Path, Path]]:
    """Yield the files an argument names, each with its path below the argument's folder.

    For a pattern that folder is the longest path before the first wildcard. A folder without
    photographs, or one that cannot be read, adds a line to `errors`.
    """
    path = Path(argument)
    if path.is_dir():
        root, matches = path, [path]
    elif path.exists() or not PATTERN.search(argument):
        root, matches = path.parent, [path]
    else:
        root = Path(*itertools.takewhile(lambda part: not PATTERN.search(part), path.parts))
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]
    empty, failures = True, len(errors)
    for match in matches or [path]:
        for file in _walk(match, out, errors) if match.is_dir() else [match]:
            empty = False
            yield file, file.relative_to(root)
    if empty and len(errors) == failures:
        errors.append(f"{argument}: no photographs in this folder")


def _walk(folder: Path, out: Path, errors: list[str]) -> Iterator[Path]:
    """Yield the files below a folder that are named like photographs.

    Linked folders are followed, each folder once. Hidden files and the results in `out` are left
    out; a folder that cannot be read adds a line to `errors`.
    """

    def report(error: OSError) -> None:
        errors.append(f"{error.filename}: {str(error.strerror).lower()}")

    known = (*itertools.chain(*images.SUFFIXES.values()), *UNREAD)
    entered = {out.resolve()}
    for parent, folders, files in os.walk(folder, onerror=report, followlinks=True):
        entered.add(Path(parent).resolve())
        children = (Path(parent, name) for name in sorted(folders) if name[0] != ".")
        folders[:] = [child.name for child in children if child.resolve() not in entered]
        for name in sorted(files):
            path = Path(parent, name)
            broken_link = path.is_symlink() and not path.exists()
            if name[0] != "." and (name.lower().endswith(known) or broken_link):
                yield path


def _free_results(target: Path, candidates: int, is_taken: Callable[[Path], bool]) -> list[Path]:
    """Return the results of a photograph under the first numbered name of which none is taken."""
    numbered = (target.with_stem(f"{target.stem}-{n}") for n in itertools.count(2))
    names = (_results(path, candidates) for path in itertools.chain([target], numbered))
    return next(results for results in names if not any(map(is_taken, results)))


def _results(target: Path, candidates: int) -> list[Path]:
    """Return the path of the one result, or of each candidate."""
    if candidates == 1:
        return [target]
    return [target.with_stem(f"{target.stem}-{n}") for n in range(1, candidates + 1)]
