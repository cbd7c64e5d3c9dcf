"""SHA-256 of files, arrays and JSON, which tell whether they are as they were written.

A directory's are in one text file, as `sha256sum -c SHA256SUMS` reads it, written by hand: no
library of the dependencies reads or writes that format.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import numpy as np

NAME = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def write(root: Path, files: Iterable[Path]) -> None:
    """Write `root`/SHA256SUMS over these files below it."""
    lines = [f"{_digest(path)}  {path.relative_to(root).as_posix()}\n" for path in sorted(files)]
    (root / NAME).write_text("".join(lines), encoding="utf-8", newline="\n")


def differences(root: Path, files: Iterable[Path]) -> list[str]:
    """Describe each file that disagrees with SHA256SUMS of `root`; empty if all match.

    A file outside of `files` is never read, whatever SHA256SUMS names.
    """
    listed = {}
    text = (root / NAME).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if (match := LINE.fullmatch(line)) is None:
            return [f"line {number} of {NAME} is not a digest and a name"]
        listed[match[2]] = match[1]
    present = {path.relative_to(root).as_posix(): path for path in files}
    wrong = [f"{name} is missing" for name in sorted(listed.keys() - present.keys())]
    wrong += [f"{name} does not belong there" for name in sorted(present.keys() - listed.keys())]
    for name in sorted(present.keys() & listed.keys()):
        if _digest(present[name]) != listed[name]:
            wrong.append(f"{name} was changed")
    return wrong


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_arrays(tree: Any) -> dict[str, str]:
    """Describe each array of a tree by its path: dtype, shape and the SHA-256 of its values.

    For example "float32[3,3,1,64] 9f86d0...". Arrays are hashed on all cores.
    """
    leaves = jax.tree.leaves_with_path(tree)
    with ThreadPoolExecutor() as pool:
        described = pool.map(_of_array, (np.asarray(leaf) for _, leaf in leaves))
        return {
            jax.tree_util.keystr(path): text
            for (path, _), text in zip(leaves, described, strict=True)
        }


def shape(tree: Any) -> dict[str, str]:
    """Describe each array of a tree as `of_arrays` does, without the values."""
    return {jax.tree_util.keystr(p): _shape(x) for p, x in jax.tree.leaves_with_path(tree)}


def differing(recorded: Mapping[str, str], tree: Any) -> list[str]:
    """List the paths of the arrays that are not as they were recorded."""
    now = of_arrays(tree)
    return [path for path in sorted(now.keys() | recorded) if now.get(path) != recorded.get(path)]


def of_json(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what JSON keeps of a dictionary, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _of_array(array: np.ndarray) -> str:
    values = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return f"{_shape(array)} {hashlib.sha256(values.data).hexdigest()}"


def _shape(array: Any) -> str:
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"
