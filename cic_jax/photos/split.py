"""Splits by content: the side of a photograph depends on nothing but its own pixels.

The split must hold for every subset ever trained on. Let S be a subset of F, both split here. A
side depends on the photograph alone, so S trains only on photographs of F's training side. Copies
of one photograph (re-encoded, resized, brightened) may hash to different sides; therefore a
validation or test photograph with a near-duplicate on another side is left out of evaluation. Hence
no photograph that S trains on has a near-duplicate in the test side of F, and no photograph moves
when the set grows: it can only be left out. Photographs are never left out of training.
"""

import hashlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt64
from PIL import Image

SPLITS = ("train", "validation", "test")
UNTIL = (0.8, 0.9, 1.0)  # the upper end of each split's part of [0, 1)

SIDE = 16  # a hash has SIDE x SIDE bits
# Measured on 7,037 photographs and 1,000 x 7 altered copies (JPEG quality 50 and 95, 60 % of the
# size, brightness and contrast +-15 %): 99 % of the copies lie within 20 bits, 99.8 % within 32
# (but for some with large even areas); unrelated photographs, skies mostly, begin at 36. Hashes of
# 64 bits mix the two: copies reach 9 bits, hundreds of unrelated pairs lie within 8.
NEAR = 32


def difference_hash(photo: Image.Image) -> UInt64[np.ndarray, " 4"]:
    """Hash to 256 bits: whether each of 16 x 16 places is brighter than its left neighbour.

    The luma is reduced to 17 x 16 first, which forgets size, compression and most of exposure
    (N. Krawetz, "Kind of like that", 2013).
    """
    luma = photo.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS)
    values = np.asarray(luma)
    return np.packbits(values[:, 1:] > values[:, :-1]).view(np.uint64)


def split_of(photo_hash: UInt64[np.ndarray, " 4"]) -> str:
    """Return 'train' (80 %), 'validation' (10 %) or 'test' (10 %), by a digest of the hash."""
    digest = hashlib.blake2b(photo_hash.tobytes(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    return next(split for split, until in zip(SPLITS, UNTIL, strict=True) if place < until)


def near_duplicates(
    hashes: UInt64[np.ndarray, "n 4"], threshold: int = NEAR, rows: int = 0
) -> Int[np.ndarray, "pairs 2"]:
    """Return every pair i < j whose hashes differ in at most `threshold` bits.

    `rows` hashes are compared with all others at a time (0: as many as keep memory within some
    megabytes).
    """
    count = len(hashes)
    rows = rows or max(1, 2**22 // max(count, 1))
    pairs = [np.zeros((0, 2), np.int64)]
    for start in range(0, count, rows):
        block, others = hashes[start : start + rows], hashes[start:]
        distance = np.zeros((len(block), len(others)), np.uint16)
        for word in range(hashes.shape[1]):
            distance += np.bitwise_count(block[:, word, None] ^ others[:, word])
        row, column = np.nonzero(np.triu(distance <= threshold, k=1))
        pairs.append(np.stack([row, column], axis=-1) + start)
    return np.concatenate(pairs)


class LeftOut(NamedTuple):
    """The reason why evaluation leaves out a photograph, and the index of its near-duplicate."""

    reason: str
    twin: int


def leave_out(hashes: UInt64[np.ndarray, "n 4"], sides: list[str]) -> dict[int, LeftOut]:
    """Choose what validation and test leave out, so that each photograph is new and counts once.

    Near-duplicates on different sides stay in training only. Of those that share an evaluation
    side, the one with the smallest hash stays, whatever their order.
    """
    left_out: dict[int, LeftOut] = {}
    for i, j in near_duplicates(hashes).tolist():
        if sides[i] != sides[j]:
            reason = "near-duplicate on another side of the split"
            left_out |= {a: LeftOut(reason, b) for a, b in ((i, j), (j, i)) if sides[a] != "train"}
        elif sides[i] != "train":
            first, later = sorted((i, j), key=lambda k: (hashes[k].tobytes(), k))
            left_out.setdefault(later, LeftOut("near-duplicate on the same side", first))
    return left_out
