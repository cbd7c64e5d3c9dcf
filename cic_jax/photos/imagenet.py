"""The source `imagenet_vehicles`: chosen ImageNet synsets, read from `<wnid>.tar` files."""

import dataclasses
import hashlib
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import tensorflow_datasets as tfds

from cic_jax.images import MAX_BYTES
from cic_jax.photos import builder, census
from cic_jax.photos.photographs import Photographs

EXPERIMENTAL = {
    "n04524313": "vehicle",
    "n02739889": "armored car",
    "n03351262": "fishing boat",
    "n02691156": "airplane",
    "n02918964": "bumper car",
}
FINAL = EXPERIMENTAL | {
    "n00449695": "boat racing",
    "n00449517": "auto racing",
    "n00449295": "racing",
    "n00451635": "motorcycling",
    "n00451563": "bicycling",
}
# The vehicle that one rides in is n04524313 in WordNet 3.0; the study writes n06255081.
ALSO_KNOWN_AS = {"n04524313": "n06255081"}
WNID = re.compile(r"n\d{8}")
# What `tarfile` raises on a damaged tar, and on one that declares huge names
DAMAGED = (tarfile.TarError, EOFError, ValueError, OverflowError, MemoryError)


@dataclasses.dataclass(eq=False)
class VehicleConfig(tfds.core.BuilderConfig):
    """A config that lists the WordNet ids whose photographs make up the set."""

    synsets: tuple[str, ...] = ()


class ImagenetVehicles(builder.PhotographBuilder):
    """Photographs of the given synsets from the tars of ImageNet-21k; 'label' is the WordNet id."""

    VERSION = tfds.core.Version(census.VERSION)
    BUILDER_CONFIGS: ClassVar = [
        VehicleConfig(name="experimental", synsets=tuple(EXPERIMENTAL)),
        VehicleConfig(name="final", synsets=tuple(FINAL)),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "It holds one <wnid>.tar of JPEGs for each synset, as ImageNet-21k comes: "
        "https://image-net.org/download-images (after login)."
    )

    def files(self, root: Path) -> list[Path]:
        """List one tar per synset; FileNotFoundError names those that are missing."""
        tars = {wnid: _tar(root, wnid) for wnid in self.builder_config.synsets}
        missing = [f"{wnid}.tar" for wnid, path in tars.items() if path is None]
        if missing:
            raise FileNotFoundError(
                f"{', '.join(missing)} not found in {root}, which data.path names: download each "
                "synset of ImageNet-21k from https://image-net.org/download-images (after login), "
                "or list in data.synsets the WordNet ids whose tars are there"
            )
        return [path for path in tars.values() if path is not None]

    def candidates(self, root: Path) -> Iterator[census.Candidate]:
        """Yield every file in the tars, by synset. ValueError names a tar that is damaged."""
        for wnid, path in zip(self.builder_config.synsets, self.files(root), strict=True):
            try:
                yield from (
                    census.Candidate(builder.text(name), wnid, encoded)
                    for name, encoded in _members(path)
                )
            except DAMAGED as error:
                raise ValueError(
                    f"{path} is no tar, damaged or cut short ({error}): download it again"
                ) from error


def open_vehicles(subset: str | Sequence[str], path: str, data_dir: Path) -> dict[str, Photographs]:
    """Open the splits of `subset`: 'experimental', 'final' or WordNet ids, from the tars in `path`.

    `path` may be empty if the set is prepared below `data_dir`. Raises ValueError if `path` holds
    other tars than the set was prepared from.
    """
    tars = Path(path).expanduser() if path else None
    prepared = builder.prepare(ImagenetVehicles, subset_config(subset), data_dir, tars)
    splits = builder.splits(prepared)
    if tars is not None:
        now = builder.fingerprint(prepared.files(tars), tars, times=False)
        if now != splits["train"].report["fingerprint"]:
            raise ValueError(
                f"{prepared.data_dir} was prepared from other tars than are in {tars}: delete it "
                "to prepare it anew, or name another data.data_dir"
            )
    return splits


def subset_config(subset: str | Sequence[str]) -> str | VehicleConfig:
    """Return the builder config of a named subset, or of WordNet ids; ValueError for others."""
    named = [config.name for config in ImagenetVehicles.BUILDER_CONFIGS]
    if isinstance(subset, str) and subset in named:
        return subset
    synsets = (subset,) if isinstance(subset, str) else tuple(subset)
    if not synsets or not all(WNID.fullmatch(wnid) for wnid in synsets):
        raise ValueError(
            f"data.subset must be {' or '.join(map(repr, named))}, or data.synsets list "
            f"WordNet ids as in \"('n02691156','n02858304')\"; given is {subset!r}"
        )
    by_study = {study: wordnet for wordnet, study in ALSO_KNOWN_AS.items()}
    wnids = tuple(sorted({by_study.get(wnid, wnid) for wnid in synsets}))
    digest = hashlib.blake2b("".join(wnids).encode(), digest_size=4).hexdigest()
    return VehicleConfig(name=f"{len(wnids)}_synsets_{digest}", synsets=wnids)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file in a tar, which is not compressed."""
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            if not member.isdir():
                yield Path(member.name).name, _content(tar, member)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return the content of a file; none of a link, or of a file that the tar does not hold whole.

    A sparse file can declare gigabytes of zeros in a few bytes.
    """
    whole = member.isfile() and not member.issparse() and member.size <= MAX_BYTES
    content = tar.extractfile(member) if whole else None
    return content.read() if content else b""


def _tar(root: Path, wnid: str) -> Path | None:
    names = [wnid, *filter(None, [ALSO_KNOWN_AS.get(wnid)])]
    return next((path for name in names if (path := root / f"{name}.tar").is_file()), None)
