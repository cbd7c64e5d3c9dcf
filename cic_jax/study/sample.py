"""Photographs of the experimental and the final set, and a smaller experimental one."""

import hashlib
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from cic_jax.photos import pack

IMAGENET = "imagenet_vehicles"


class Synsets(NamedTuple):
    """WordNet ids of the two sets, and how much of the experimental ones to take.

    At most `at_most` photographs are taken of each id of `experimental`; None takes all. The ids of
    `as_many` join them with as many photographs, together and in equal parts, as the others have.
    """

    experimental: Sequence[str] = ()
    final: Sequence[str] = ()
    at_most: int | None = None
    as_many: Sequence[str] = ()


def subsets(
    workdir: Path, config: ConfigDict, overrides: Mapping[str, Any], synsets: Synsets
) -> dict[str, dict[str, Any]]:
    """Choose the photographs of the sets "experimental" and "final": options below `data` of each.

    Without synsets, the config's source serves as both, or its own two subsets where it has them.
    Writes the tars of a reduced experimental set below `workdir`. Without `data.path` the sets are
    prepared already, as `pack_sets` leaves them: a reduced one in `data_dir`/experimental.

    Raises:
        ValueError: The source has no synsets, or the final set lacks some of the experimental one.
        FileNotFoundError: A synset has no tar.
    """
    experimental = tuple(sorted({*synsets.experimental, *synsets.as_many}))
    final = tuple(sorted(set(synsets.final)))
    imagenet = config.data.source == IMAGENET
    if not experimental and not final:
        if not imagenet or {"data.subset", "data.synsets"} & overrides.keys():
            print("One set of photographs serves as the experimental and as the final one.")
        return {"experimental": {}, "final": {}}
    if not imagenet or not synsets.experimental or not set(experimental) <= set(final):
        raise ValueError(
            f"--experimental and --final list synsets of --config.data.source={IMAGENET}, and the "
            "final set must hold all of the experimental one: otherwise what one model trains on "
            "could be a near-duplicate of what all are tested on"
        )
    options: dict[str, Any] = {"synsets": experimental}
    reduced = bool(synsets.at_most or synsets.as_many)
    if reduced and not config.data.path:
        options |= {"data_dir": str(Path(config.data.data_dir) / "experimental")}
    elif reduced:
        home = workdir / "experimental"
        options |= {"path": str(home / "tars"), "data_dir": str(home / "prepared")}
        tars = Path(config.data.path).expanduser()
        sample(tars, home / "tars", synsets.experimental, synsets.at_most, synsets.as_many)
    return {"experimental": options, "final": {"synsets": final}}


def pack_sets(
    config: ConfigDict, sets: Mapping[str, Mapping[str, Any]], out: Path, kind: str, quality: int
) -> list[Path]:
    """Pack both sets for a machine without their tars, in parts; return the parts.

    Args:
        config: Config with the options of `data` that are the same for both.
        sets: Options of each, from `subsets`.
        out: New folder of the parts.
        kind: Format, one of `pack.FORMATS`.
        quality: Its quality, 1 to 100.

    Raises:
        PackError: The sets are not of ImageNet's synsets.
    """
    whole = out / "whole"
    for subset, options in sets.items():
        data = config.data.copy_and_resolve_references()
        data.update(subset=subset, **options)
        place = whole / "experimental" if "data_dir" in options else whole
        pack.pack(data, place, kind=kind, quality=quality)
    return pack.divide(whole, out)


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
