"""What must be the same when a run goes on: photographs, devices, functions of one's own."""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import UInt8

from cic_jax import photos
from cic_jax.photos.threads import ordered_map
from cic_jax.train.build import Builders
from cic_jax.train.config import ConfigError
from cic_jax.train.record import PHOTOGRAPHS

SHOWN = 3  # names in a message

Identity = dict[str, Any]  # JSON


class Listed(NamedTuple):
    """Photographs by name, with the SHA-256 of each: of its name and its stored contents."""

    names: list[str]
    digests: UInt8[np.ndarray, "n 32"]


def read(photographs: photos.Photographs) -> Listed:
    """Read every photograph of a split, without decoding it."""

    def digest(index: int) -> tuple[str, bytes]:
        record = photographs[index]
        name, image = record["name"], record["image"]
        if isinstance(image, np.ndarray):
            image = repr(image.shape).encode() + image.tobytes()
        return name, hashlib.sha256(name.encode() + b"\0" + image).digest()

    names, digests = zip(*ordered_map(digest, range(len(photographs))), strict=True)
    return Listed(list(names), np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))


def of_run(splits: Mapping[str, Listed], builders: Builders) -> Identity:
    """Describe what must be the same: the photographs by split, and what the parts are built by."""
    return {
        "photographs": {name: _of_split(split.digests) for name, split in splits.items()},
        "devices": jax.device_count(),
        "hosts": jax.process_count(),
        "functions": {
            kind: {"name": name, "source": _source(name)} for kind, name in builders.names.items()
        },
    }


def _of_split(digests: UInt8[np.ndarray, "n 32"]) -> dict[str, Any]:
    return {"count": len(digests), "sha256": hashlib.sha256(digests.tobytes()).hexdigest()}


def _source(name: str) -> str:
    """Return the SHA-256 of the file of "module:function"; "" for code without such a name."""
    path = getattr(sys.modules.get(name.partition(":")[0]), "__file__", None)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""


def require_same(
    recorded: Identity, now: Identity, lines: list[str], workdir: Path, *, anyway: bool
) -> list[str]:
    """Return what has changed since a run saved its latest step, if `anyway`.

    Args:
        recorded: Identity that the step recorded; {} from earlier versions, which differs in none.
        now: Identity of this start.
        lines: `listing` of this start.
        workdir: Directory of the run, with its own listing.
        anyway: Whether changes are accepted.

    Raises ConfigError that lists the changes unless they are accepted.
    """
    path = workdir / PHOTOGRAPHS
    listed = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    changed = _differences(recorded, now, (listed, lines))
    if changed and not anyway:
        raise ConfigError(
            f"{workdir} holds a run with {'; '.join(changed)}: go on with what it had, name a new "
            "--workdir, or accept the change by --resume_anyway, which records it"
        )
    return changed


def _differences(
    recorded: Identity, now: Identity, listings: tuple[list[str], list[str]]
) -> list[str]:
    """Describe each thing that differs; `listings` are those of the run and of this start."""
    changed = []
    for key, unit in (("devices", "device(s)"), ("hosts", "host(s)")):
        if recorded.get(key, now[key]) != now[key]:
            changed.append(f"{recorded[key]} {unit}, now {now[key]}")
    functions = recorded.get("functions", {})
    for kind in sorted(functions.keys() & now["functions"].keys()):
        if functions[kind]["source"] != now["functions"][kind]["source"]:
            changed.append(f"other code in {functions[kind]['name']}, which builds the {kind}")
    for split, before in recorded.get("photographs", {}).items():
        after = now["photographs"][split]
        if before != after:
            changed.append(_of_photographs(split, before, after, listings))
    return changed


def _of_photographs(
    split: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    listings: tuple[list[str], list[str]],
) -> str:
    counts = f"other {split} photographs, {before['count']}, now {after['count']}"
    old, new = ({x[2]: x[0] for x in map(_parts, lines) if x[1] == split} for lines in listings)
    told = np.frombuffer(b"".join(map(bytes.fromhex, old.values())), np.uint8).reshape(-1, 32)
    if _of_split(told) != before:
        return counts
    kinds = {
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "changed": {name for name in old.keys() & new.keys() if old[name] != new[name]},
    }
    if not any(kinds.values()):
        return f"{counts}, in another order"
    differing = [
        f"{len(names)} {kind} ({shown(sorted(names))})" for kind, names in kinds.items() if names
    ]
    return f"{counts}: {', '.join(differing)}"


def shown(names: list[str]) -> str:
    """Name the first few of many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def listing(splits: Mapping[str, Listed]) -> list[str]:
    """List all photographs, one a line: SHA-256, split and name (as JSON)."""
    return [
        f"{digest.tobytes().hex()} {split} {json.dumps(name)}"
        for split, (names, digests) in splits.items()
        for name, digest in zip(names, digests, strict=True)
    ]


def _parts(line: str) -> tuple[str, str, str]:
    digest, split, name = line.split(" ", 2)
    return digest, split, json.loads(name)
