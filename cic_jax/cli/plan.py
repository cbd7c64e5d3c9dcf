"""Which photographs a command names, and where their results go."""

import glob
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cic_jax.images import file as image_file

MAGIC = re.compile(r"[*?[]")  # what makes a name a pattern


class Plan(NamedTuple):
    """Photographs with their results; how many are done already; one line per failure."""

    jobs: list[tuple[Path, list[Path]]]
    done: int
    errors: list[str]


def plan(names: list[str], out: Path, overwrite: bool = False, candidates: int = 1) -> Plan:
    """Find the photographs that files, folders and patterns name, and a place for each in `out`.

    A folder keeps its tree. A photograph named twice counts once. Results that would share a name
    are numbered in the order of `names`, so that the same command finds what it has done. Several
    candidates of a photograph end in -1, -2 and so on; it is done when all of them are there.
    """
    found = {name: list(_find(name, out)) for name in names}
    errors = [f"{name}: no photographs in this folder" for name in names if not found[name]]
    jobs: list[tuple[Path, list[Path]]] = []
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
        targets = _free(target, candidates, taken)
        if any(image_file.is_same_file(source, target) for target in targets):
            errors.append(f"{source}: is in the output folder itself; name another")
        elif all(target.exists() for target in targets) and not overwrite:
            done += 1
        else:
            jobs.append((source, targets))
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


def _free(target: Path, candidates: int, taken: set[str]) -> list[Path]:
    """A path for each candidate, with a number where names are taken; case makes no difference."""
    numbered = (target.with_stem(f"{target.stem}-{n}") for n in itertools.count(2))
    for path in itertools.chain([target], numbered):
        paths = [path.with_stem(f"{path.stem}-{n}") for n in range(1, candidates + 1)]
        paths = [path] if candidates == 1 else paths
        keys = {str(path).lower() for path in paths}
        if not keys & taken:
            break
    taken |= keys
    return paths
