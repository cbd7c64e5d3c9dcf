"""A smaller experimental set: tars that hold some of the photographs of each synset."""

import hashlib
import tarfile
from collections.abc import Sequence
from pathlib import Path


def sample(
    tars: Path, out: Path, wnids: Sequence[str], most: int | None, as_many: Sequence[str]
) -> None:
    """Copy tars with at most so many photographs each, all where `most` is None.

    The synsets of `as_many` get, together and in equal parts, as many as the others came to. Raises
    FileNotFoundError, and writes nothing, where one has no tar.
    """
    if missing := [w for w in (*wnids, *as_many) if not (tars / f"{w}.tar").is_file()]:
        raise FileNotFoundError(f"no tar of {', '.join(missing)} in {tars} (config.data.path)")
    out.mkdir(parents=True, exist_ok=True)
    count = sum(_copy(tars / f"{wnid}.tar", out, most) for wnid in wnids)
    for wnid in as_many:
        _copy(tars / f"{wnid}.tar", out, count // len(as_many))


def _copy(source: Path, out: Path, most: int | None) -> int:
    """Copy `most` photographs, which ones their names decide; returns how many it were."""
    with tarfile.open(source) as tar:
        files = [member for member in tar if member.isfile()]
        files.sort(key=lambda member: hashlib.blake2b(member.name.encode()).digest())
        with tarfile.open(out / source.name, "w") as chosen:
            for member in files[:most]:
                chosen.addfile(member, tar.extractfile(member))
    return len(files[:most])
