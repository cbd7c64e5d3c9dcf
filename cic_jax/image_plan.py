"""Which photographs a command names, and where their results go."""

import glob
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cic_jax import image_file

MAGIC = re.compile(r"[*?[]")  # what makes a name a pattern


class Plan(NamedTuple):
    """Pairs of a photograph and its result; how many are done already; one line per failure."""

    jobs: list[tuple[Path, Path]]
    done: int
    errors: list[str]


def plan(names: list[str], out: Path, overwrite: bool = False) -> Plan:
    """Find the photographs that files, folders and patterns name, and a place for each in `out`.

    A folder keeps its tree. A photograph named twice counts once. Results that would share a name
    are numbered in the order of `names`, so that the same command finds what it has done.
    """
    found = {name: list(_find(name, out)) for name in names}
    errors = [f"{name}: no photographs in this folder" for name in names if not found[name]]
    jobs: list[tuple[Path, Path]] = []
    done = 0
    seen: set[Path] = set()
    taken: set[str] = set()
    for source, name in itertools.chain(*found.values()):
        if source.resolve() in seen:
            continue
        seen.add(source.resolve())
        try:
            target = image_file.output_name(out / name, image_file.identify(source))
        except image_file.PhotoError as error:
            errors.append(str(error))
            continue
        target = _free(target, taken)
        if image_file.is_same_file(source, target):
            errors.append(f"{source}: is in the output folder itself; name another")
        elif target.exists() and not overwrite:
            done += 1
        else:
            jobs.append((source, target))
    return Plan(jobs, done, errors)


def _find(argument: str, out: Path) -> Iterator[tuple[Path, Path]]:
    """The files an argument names, each with its path below the folder (or pattern) it is in."""
    path = Path(argument)
    if path.is_dir():
        root, matches = path, [path]
    elif path.exists() or not MAGIC.search(argument):
        root, matches = path.parent, [path]
    else:
        root = Path(*itertools.takewhile(lambda part: not MAGIC.search(part), path.parts))
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]
    for match in matches or [path]:
        for file in _walk(match, out) if match.is_dir() else [match]:
            yield file, file.relative_to(root)


def _walk(folder: Path, out: Path) -> Iterator[Path]:
    """Files below a folder that are named like photographs; nothing hidden, and no results."""
    known = tuple(suffix for suffixes in image_file.SUFFIXES.values() for suffix in suffixes)
    for parent, folders, files in os.walk(folder):
        visible = (Path(parent, name) for name in sorted(folders) if name[0] != ".")
        folders[:] = [child.name for child in visible if child.resolve() != out.resolve()]
        for name in sorted(files):
            if name[0] != "." and name.lower().endswith(known):
                yield Path(parent, name)


def _free(target: Path, taken: set[str]) -> Path:
    """`target`, or with a number where its name is taken; upper and lower case count as one."""
    numbered = (target.with_stem(f"{target.stem}-{n}") for n in itertools.count(2))
    names = itertools.chain([target], numbered)
    free = next(name for name in names if str(name).lower() not in taken)
    taken.add(str(free).lower())
    return free
