"""The split: altered copies are recognised, unrelated photographs are not, and nothing leaks."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from cic_jax.photos.split import NEAR, SPLITS, difference_hash, leave_out, near_duplicates, split_of


def scene(seed, size=(300, 220)):
    """Random smooth shapes: different seeds look nothing like each other."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def encode(photo, quality):
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


COPIES = {
    "quality 50": lambda photo: encode(photo, 50),
    "quality 95": lambda photo: encode(photo, 95),
    "60 %": lambda photo: encode(photo.resize((180, 132), Image.Resampling.BICUBIC), 85),
    "brighter": lambda photo: ImageEnhance.Brightness(photo).enhance(1.1),
    "flatter": lambda photo: ImageEnhance.Contrast(photo).enhance(0.85),
}


def distance(one, other):
    return int(np.bitwise_count(one ^ other).sum())


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_altered_copies_are_near(copy):
    for seed in range(10):
        photo = scene(seed)
        hashes = difference_hash(photo), difference_hash(copy(photo))
        assert distance(*hashes) <= NEAR


def test_unrelated_photographs_are_far():
    hashes = np.stack([difference_hash(scene(seed)) for seed in range(100)])
    assert len(near_duplicates(hashes)) == 0
    assert len(near_duplicates(hashes, threshold=256)) == 100 * 99 // 2


def test_hash_compares_left_and_right():
    ramp = np.tile(np.arange(0, 255, 15, dtype=np.uint8), (16, 1))
    assert distance(difference_hash(Image.fromarray(ramp)), np.zeros(4, np.uint64)) == 256
    falling = difference_hash(Image.fromarray(ramp[:, ::-1]))
    assert distance(falling, np.zeros(4, np.uint64)) == 0


def test_near_duplicates_match_brute_force():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (60, 4), np.uint64)
    for copy, bits in ((7, 1), (50, NEAR), (51, NEAR + 1)):
        flips = np.zeros(256, np.uint8)
        flips[rng.choice(256, bits, replace=False)] = 1
        hashes[copy] = hashes[3] ^ np.packbits(flips).view(np.uint64)
    expected = {
        (i, j)
        for i in range(60)
        for j in range(i + 1, 60)
        if distance(hashes[i], hashes[j]) <= NEAR
    }
    assert {(3, 7), (3, 50)} <= expected
    assert (3, 51) not in expected
    assert set(map(tuple, near_duplicates(hashes))) == expected
    assert set(map(tuple, near_duplicates(hashes, rows=7))) == expected


def test_split_is_80_10_10_and_fixed_for_ever():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (20000, 4), np.uint64)
    sides = [split_of(value) for value in hashes]
    shares = [sides.count(split) / len(sides) for split in SPLITS]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.01)
    # A change here would move photographs that released weights were trained on into test sets.
    known = np.arange(40, dtype=np.uint64).reshape(10, 4)
    sides = " ".join(split_of(value)[:2] for value in known)
    assert sides == "va tr tr te te tr tr tr va tr"


def sets_with_copies(seed, photographs=400, copies=150):
    """Hashes of which many are copies of others, a few bits away."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, (photographs, 4), np.uint64)
    flips = rng.integers(0, 2**64, (copies, 4), np.uint64)
    for _ in range(3):  # a sixteenth of the bits stay set
        flips &= rng.integers(0, 2**64, (copies, 4), np.uint64)
    near = hashes[rng.integers(0, photographs, copies)] ^ flips
    return np.concatenate([hashes, near])[rng.permutation(photographs + copies)]


def kept(hashes):
    sides = [split_of(value) for value in hashes]
    left_out = leave_out(hashes, sides)
    return {
        split: {
            hashes[i].tobytes()
            for i, side in enumerate(sides)
            if side == split and i not in left_out
        }
        for split in SPLITS
    }


def test_no_subset_trains_on_what_a_larger_set_tests():
    full = sets_with_copies(0)
    test = np.stack([np.frombuffer(value, np.uint64) for value in sorted(kept(full)["test"])])
    assert len(test) > 20
    for seed in range(5):
        subset = full[np.random.default_rng(seed).random(len(full)) < 0.5]
        splits = kept(subset)
        for value in splits["train"] | splits["validation"]:
            seen = np.frombuffer(value, np.uint64)
            assert np.bitwise_count(test ^ seen).sum(axis=-1).min() > NEAR


def test_split_does_not_depend_on_order():
    hashes = sets_with_copies(1)
    shuffled = hashes[np.random.default_rng(0).permutation(len(hashes))]
    assert kept(hashes) == kept(shuffled)


def test_training_keeps_everything_and_evaluation_counts_once():
    hashes = np.zeros((6, 4), np.uint64)
    left_out = leave_out(hashes, ["train", "train", "test", "validation", "test", "train"])
    assert set(left_out) == {2, 3, 4}
    same = leave_out(hashes[:3], ["test"] * 3)
    assert set(same) == {1, 2}
    assert {reason for reason, _ in same.values()} == {"near-duplicate on the same side"}
