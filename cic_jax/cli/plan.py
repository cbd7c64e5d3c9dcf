"""Plan of a command: the photographs that it names, and the files to write for each."""

import glob
import itertools
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cic_jax import film, images
from cic_jax.cli.sources import Sources

PATTERN = re.compile(r"[*?[]")  # the characters that make a name a pattern

LONGEST = 200  # characters of a name in an error


class Job(NamedTuple):
    """A photograph and the files to write: one, or one for each candidate."""

    photograph: Path
    results: list[Path]


class Failure(NamedTuple):
    """A photograph, or another argument, of which nothing can be made, and one line on why."""

    name: str
    line: str


class Plan(NamedTuple):
    """The work to do, what is done already, and what failed.

    `sources` is the record by which it was planned.
    """

    jobs: list[Job]
    done: list[Job]
    errors: list[Failure]
    sources: Sources


def plan_results(names: list[str], out: Path, overwrite: bool = False, candidates: int = 1) -> Plan:
    """Find the photographs that files, folders and patterns name, and a place for each in `out`.

    A folder keeps its tree. A photograph named twice counts once. A result whose name is taken gets
    a number, in the order of `names`: taken by another photograph of this command, or by a file
    that `Sources` does not record as made from this one. So the same command finds what it has
    done, and no file is replaced but the photograph's own result, with `overwrite`. The candidates
    of a photograph end in -1, -2 and so on; it is done when all of them exist. Results are no
    photographs to a pattern, and the output folder itself, named among others as a shell's `*`
    names it, is left out. Raises OSError for an output folder that cannot be read.
    """
    errors: list[Failure] = []
    jobs: list[Job] = []
    done: list[Job] = []
    sources = Sources(out)
    seen: set[str] = set()
    taken: set[str] = set()  # in lower case: on some systems case makes no difference

    def is_taken(photograph: Path, result: Path) -> bool:
        if str(result).lower() in taken:
            return True
        return result.exists() and not sources.made(result, photograph)

    if len(names) > 1:
        names = [name for name in names if os.path.realpath(name) != os.path.realpath(out)]
    for photograph, place in itertools.chain(*(find(name, out, errors) for name in names)):
        target = os.path.realpath(photograph)  # `Path.resolve` fails for links in a circle
        if target in seen:
            continue
        seen.add(target)
        try:
            result = _named(out / place, photograph)
            if any(images.is_same_file(photograph, path) for path in _results(result, candidates)):
                reason = "is in the output folder itself; name another"
                errors.append(_failure(photograph, reason))
                continue
            results = _free_results(result, candidates, partial(is_taken, photograph))
            is_done = all(result.exists() for result in results) and not overwrite
        except images.PhotoError as error:
            errors.append(Failure(str(photograph), str(error)))
            continue
        except OSError as error:  # such as a result's name that is too long
            errors.append(_failure(photograph, str(error.strerror).lower()))
            continue
        taken |= {str(result).lower() for result in results}
        (done if is_done else jobs).append(Job(photograph, results))
    return Plan(jobs, done, errors, sources)


def plan_result(
    photograph: Path, result: Path, overwrite: bool = False, candidates: int = 1
) -> Plan:
    """Plan one photograph whose result is to have the name `result`.

    No file is replaced but one that `Sources` records as made from the photograph, with
    `overwrite`. The candidates end in -1, -2 and so on.
    """
    sources = Sources(result.parent)
    plan = Plan([], [], [], sources)
    results = _results(result, candidates)
    try:
        if film.is_film(photograph) != film.is_film(result):
            reason = f"a film becomes a film, a photograph a photograph; not {result}"
            raise images.PhotoError(f"{photograph}: {reason}")
        _named(result, photograph)
        there = [path for path in results if path.exists()]
        for path in there:
            if images.is_same_file(photograph, path):
                what = "film" if film.is_film(photograph) else "photograph"
                reason = f"is the {what} itself, which is never replaced"
                return plan._replace(errors=[_failure(photograph, reason)])
            if not sources.made(path, photograph):
                reason = f"{path} exists already and was not made from it; name another"
                return plan._replace(errors=[_failure(photograph, reason)])
    except images.PhotoError as error:
        return plan._replace(errors=[Failure(str(photograph), str(error))])
    except OSError as error:
        return plan._replace(errors=[_failure(photograph, str(error.strerror).lower())])
    job = Job(photograph, results)
    if len(there) == len(results) and not overwrite:
        return plan._replace(done=[job])
    return plan._replace(jobs=[job])


def _named(path: Path, photograph: Path) -> Path:
    """Return `path` with the suffix of what is made of a photograph or film. Raises PhotoError."""
    if film.is_film(photograph):
        return film.output_name(path)
    return images.output_name(path, images.identify(photograph))


def _failure(path: Path | str, reason: str) -> Failure:
    return Failure(str(path), f"{path}: {reason}")


def find(argument: str, out: Path, errors: list[Failure]) -> Iterator[tuple[Path, Path]]:
    """Yield the files an argument names, each with its path below the argument's folder.

    For a pattern that folder is the longest path before the first wildcard. A folder without
    photographs, or one that cannot be read, adds a line to `errors`.
    """
    path = Path(argument)
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:  # such as a name that is too long
        errors.append(_failure(argument[:LONGEST], str(error.strerror).lower()))
        return
    if is_folder:
        root, matches = path, [path]
    elif exists or not PATTERN.search(argument):
        root, matches = path.parent, [path]
    else:
        root = Path(*itertools.takewhile(lambda part: not PATTERN.search(part), path.parts))
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]
        if not _is_below(root, out):
            matches = [match for match in matches if not _is_below(match, out)]
    empty, failures = True, len(errors)

    def report(error: OSError) -> None:
        errors.append(_failure(error.filename, str(error.strerror).lower()))

    for match in matches or [path]:
        for file in images.files_below(match, out, report) if match.is_dir() else [match]:
            empty = False
            yield file, file.relative_to(root)
    if empty and len(errors) == failures:
        errors.append(_failure(argument, "no photographs in this folder"))


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


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
