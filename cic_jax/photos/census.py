"""The census of a source: usable photographs and their splits, and reasons for the others.

One rule for every source. Nothing is dropped in silence: each photograph that is left out is
counted with its reason, and the report names some of them.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8, UInt64
from PIL import Image
from tqdm import tqdm

from cic_jax import images, lab
from cic_jax.photos.split import SPLITS, difference_hash, leave_out, split_of
from cic_jax.photos.threads import ordered_map
from cic_jax.printable import printable

# The version of the rules here, in `split` and in `images`: sets prepared by others are not reused.
VERSION = "1.1.0"
MIN_SIDE = 32  # pixels; below it the network's coarsest features are fewer than 4 x 4
MAX_SIDE = 65500  # pixels; libjpeg writes no more
# CIC leaves photographs with no |a| or |b| above 5 out of its loss. Of 7,037 colour photographs the
# greyest (fog, snow) reach a chroma of 7.6; scanned black and white stays at 0.
GREY_CHROMA = 5.0
THUMBNAIL = 64  # pixels; averaging forgets the sensor's and the compression's noise
EXAMPLES = 5  # names that a report gives for each reason


class Candidate(NamedTuple):
    """A photograph as its source stores it."""

    name: str
    label: str
    encoded: bytes


class Unusable(ValueError):
    """A photograph that cannot be used; the message is the reason."""


class Census(NamedTuple):
    """The positions in the source of each split's photographs, and a report for `json`."""

    splits: dict[str, list[int]]
    report: dict[str, Any]


def examine(encoded: bytes) -> UInt64[np.ndarray, " 4"]:
    """Return the photograph's hash; raise `Unusable` if it is broken, tiny, too long or grey.

    Broken: `images` cannot read all of it. Tiny: a side is below `MIN_SIDE` pixels. Too long: a
    side is above `MAX_SIDE`. Grey: 99 % of a 64 x 64 thumbnail's pixels have a chroma, hypot(a, b)
    in CIELAB, below `GREY_CHROMA`.
    """
    try:
        photo = images.read_rgb(encoded)
    except images.PhotoError as error:
        raise Unusable("broken") from error
    if min(photo.size) < MIN_SIDE:
        raise Unusable("tiny")
    if max(photo.size) > MAX_SIDE:
        raise Unusable("too long")
    thumbnail = np.asarray(photo.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
    if np.percentile(_chroma(thumbnail), 99) < GREY_CHROMA:
        raise Unusable("grey")
    return difference_hash(photo)


@jax.jit
def _chroma(rgb: UInt8[Array, "h w 3"]) -> Float[Array, "h w"]:
    return jnp.linalg.norm(lab.from_uint8(rgb)[..., 1:], axis=-1)


def take(candidates: Iterable[Candidate], where: str) -> Census:
    """Examine every candidate and split the usable ones by their content.

    `where` names the source in the report, and in the ValueError raised if nothing is usable.
    """
    names, hashes, usable = [], [], []
    dropped: dict[str, list[str]] = {}
    for index, (name, verdict) in enumerate(_examine_all(candidates, where)):
        names.append(name)
        if isinstance(verdict, str):
            dropped.setdefault(verdict, []).append(name)
        else:
            usable.append(index)
            hashes.append(verdict)
    if not usable:
        reasons = ", ".join(f"{len(which)} {why}" for why, which in dropped.items()) or "none"
        raise ValueError(
            f"no usable photograph in {where}: expected colour photographs of at least "
            f"{MIN_SIDE} x {MIN_SIDE} pixels, found {len(names)} candidates ({reasons})"
        )
    sides = [split_of(value) for value in hashes]
    left_out = leave_out(np.stack(hashes), sides)
    for place, (reason, twin) in left_out.items():
        pair = f"{names[usable[place]]} ~ {names[usable[twin]]}"
        dropped.setdefault(reason, []).append(pair)
    splits: dict[str, list[int]] = {split: [] for split in SPLITS}
    for place, (index, side) in enumerate(zip(usable, sides, strict=True)):
        if place not in left_out:
            splits[side].append(index)
    return Census(splits, _report(where, len(names), splits, dropped))


def _examine_all(
    candidates: Iterable[Candidate], where: str
) -> Iterator[tuple[str, UInt64[np.ndarray, " 4"] | str]]:
    """Yield each candidate's name with its hash, or with the reason why it is unusable."""
    progress = tqdm(
        candidates, f"Examining {printable(where)}", unit=" photos", leave=False, disable=None
    )
    with warnings.catch_warnings():
        # Pillow warns of damaged metadata and of huge sizes; the pixels are judged all the same.
        warnings.filterwarnings("ignore", module="PIL")
        yield from ordered_map(_verdict, progress, lambda candidate: len(candidate.encoded))


def _verdict(candidate: Candidate) -> tuple[str, UInt64[np.ndarray, " 4"] | str]:
    try:
        return candidate.name, examine(candidate.encoded)
    except Unusable as reason:
        return candidate.name, str(reason)


def _report(
    where: str, candidates: int, splits: dict[str, list[int]], dropped: dict[str, list[str]]
) -> dict[str, Any]:
    return {
        "where": where,
        "candidates": candidates,
        "kept": {split: len(indices) for split, indices in splits.items()},
        "left_out": {reason: len(names) for reason, names in sorted(dropped.items())},
        "examples": {reason: names[:EXAMPLES] for reason, names in sorted(dropped.items())},
    }


def summary(report: Mapping[str, Any]) -> str:
    """Summarise the report in a line or two."""
    counts = ", ".join(f"{count} {split}" for split, count in report["kept"].items())
    left_out = ", ".join(f"{count} {reason}" for reason, count in report["left_out"].items())
    return (
        f"{printable(report['where'])}: {report['candidates']} photographs, kept {counts}; "
        f"left out {left_out or 'none'}."
    )
