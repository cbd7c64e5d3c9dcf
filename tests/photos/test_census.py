"""What is usable, what is not and why, and that every photograph is accounted for."""

import json

import numpy as np
import pytest
from photo_files import REASONS, UNUSABLE, encode, picture, turned
from PIL import Image
from skimage.color import lab2rgb

from cic_jax.photos import census
from cic_jax.photos.split import SPLITS


def candidates(encoded):
    return [census.Candidate(name, "label", value) for name, value in encoded.items()]


def of_chroma(chroma, share=1.0):
    """Mid-grey, but for a share of its rows, which have the chroma."""
    lab = np.zeros((64, 64, 3))
    lab[..., 0] = 60
    lab[: round(64 * share), :, 1:] = np.array([0.6, 0.8]) * chroma
    return encode(Image.fromarray(np.round(255 * lab2rgb(lab)).astype(np.uint8)), "PNG")


@pytest.mark.parametrize(
    "encoded",
    [
        encode(picture(0)),
        turned(picture(0)),
        encode(picture(0), "PNG"),
        encode(picture(0).convert("CMYK")),
        encode(picture(0).convert("P"), "GIF"),
    ],
    ids=["JPEG", "turned", "PNG", "CMYK", "GIF"],
)
def test_usable_kinds_have_a_hash(encoded):
    assert census.examine(encoded).shape == (4,)


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_kinds_say_why(kind):
    reason = dict.fromkeys(["truncated", "empty", "text", "postscript"], "broken")
    reason["grey in colour"] = "grey"
    with pytest.raises(census.Unusable, match=f"^{reason.get(kind, kind)}$"):
        census.examine(UNUSABLE[kind])


def test_what_no_jpeg_holds_is_too_long():
    long = Image.new("RGB", (census.MAX_SIDE + 1, census.MIN_SIDE), "red")
    with pytest.raises(census.Unusable, match="too long"):
        census.examine(encode(long, "PNG"))
    census.examine(encode(long.crop((0, 0, census.MAX_SIDE, census.MIN_SIDE))))


def test_grey_is_a_matter_of_chroma_and_of_area():
    for usable in (of_chroma(6.5), of_chroma(40, share=3 / 64)):
        census.examine(usable)
    for grey in (of_chroma(3.5), of_chroma(0)):
        with pytest.raises(census.Unusable, match="grey"):
            census.examine(grey)


def test_damaged_bytes_are_broken_or_usable_but_never_fatal():
    rng = np.random.default_rng(0)
    sound = [encode(picture(0)), encode(picture(0), "PNG"), encode(picture(0).convert("P"), "GIF")]
    damaged = {}
    for index in range(60):
        encoded = np.frombuffer(sound[index % 3], np.uint8).copy()
        encoded[rng.integers(0, len(encoded), 8)] = rng.integers(0, 256, 8)
        damaged[f"{index}"] = encoded.tobytes()
    taken = census.take(candidates({"sound": sound[0]} | damaged), "here")
    assert 0 < taken.report["left_out"]["broken"] < 60


def test_every_candidate_is_kept_or_counted():
    photos = {f"photo {seed}": encode(picture(seed)) for seed in range(60)}
    copies = {f"copy {seed}": encode(picture(seed), quality=60) for seed in range(60)}
    everything = candidates(photos | UNUSABLE | copies)
    taken = census.take(everything, "here")
    kept = [index for indices in taken.splits.values() for index in indices]
    left_out = taken.report["left_out"]
    assert len(set(kept)) == len(kept)
    assert len(kept) + sum(left_out.values()) == taken.report["candidates"] == len(everything)
    assert {reason: left_out[reason] for reason in REASONS} == REASONS
    assert taken.report["examples"]["tiny"] == ["tiny"]
    assert json.loads(json.dumps(taken.report)) == taken.report

    def pictures(split):
        return [everything[index].name.split()[1] for index in taken.splits[split]]

    for split in ("validation", "test"):  # each once, and nowhere else
        assert pictures(split)
        assert len(set(pictures(split))) == len(pictures(split))
        others = {name for other in SPLITS if other != split for name in pictures(other)}
        assert not others & set(pictures(split))
    summary = census.summary(taken.report)
    assert "here: 127 photographs" in summary
    assert "4 broken" in summary


def test_nothing_usable_is_an_error_that_says_what_was_there():
    with pytest.raises(
        ValueError, match=r"no usable photograph in here: .* 7 candidates .*4 broken"
    ):
        census.take(candidates(UNUSABLE), "here")
    with pytest.raises(ValueError, match=r"found 0 candidates \(none\)"):
        census.take([], "here")
