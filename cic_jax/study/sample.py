"""Smaller experimental set: tars with some of the photographs of each synset."""

import hashlib
import tarfile
from collections.abc import Sequence
from pathlib import Path


def sample(
    tars: Path, out: Path, wnids: Sequence[str], most: int | None, as_many: Sequence[str]
) -> None:
    """Copy tars of ImageNet synsets with a part of their photographs.

    Args:
        tars: Directory with a `<wnid>.tar` for each synset.
        out: Directory to write the new tars to.
        wnids: Synsets of which at most `most` photographs are copied.
        most: That limit; None copies all.
        as_many: Further synsets that together get as many photographs as `wnids` did, in equal
            parts.

    Raises:
        FileNotFoundError: A synset has no tar; nothing is written.
    """
    if missing := [wnid for wnid in (*wnids, *as_many) if not (tars / f"{wnid}.tar").is_file()]:
        raise FileNotFoundError(f"no tar of {', '.join(missing)} in {tars} (config.data.path)")
    out.mkdir(parents=True, exist_ok=True)
    count = sum(_copy(tars / f"{wnid}.tar", out, most) for wnid in wnids)
    for wnid in as_many:
        _copy(tars / f"{wnid}.tar", out, count // len(as_many))


def _copy(source: Path, out: Path, most: int | None) -> int:
    """Copy `most` photographs, chosen by a hash of their names; return how many were copied."""
    with tarfile.open(source) as tar:
        files = [member for member in tar if member.isfile()]
        files.sort(key=lambda member: hashlib.blake2b(member.name.encode()).digest())
        with tarfile.open(out / source.name, "w") as chosen:
            for member in files[:most]:
                chosen.addfile(member, tar.extractfile(member))
    return len(files[:most])
