"""Resident, streamed and evaluated photographs: each once, in a known order, from any state."""

import io
import itertools

import jax
import numpy as np
import pytest
from PIL import Image

from cic_jax.photos import Photographs, evaluation_batches, resident, stream

SIZE = 16


def coloured(index, size=24):
    """A photograph of one colour that tells its index."""
    return np.full((size, size, 3), index, np.uint8)


def photographs(count, size=24):
    records = [{"image": coloured(i, size), "name": f"{i}", "label": ""} for i in range(count)]
    return Photographs("train", records)


def indices(batches):
    return [int(index) for batch in batches for index in batch["photo"][:, 0, 0, 0]]


def test_resident_holds_each_in_order():
    stream_of_bytes = io.BytesIO()
    Image.fromarray(coloured(200, 10)).save(stream_of_bytes, "PNG")
    small = {"image": stream_of_bytes.getvalue(), "name": b"small", "label": b"x"}
    records = [*photographs(70).records, small]
    photo, mask, names = resident(Photographs("train", records), SIZE, 0)
    assert photo[:, 0, 0, 0].tolist() == [*range(70), 200]
    assert mask.sum(axis=(1, 2)).tolist() == [SIZE**2] * 70 + [100]
    assert names == [f"{i}" for i in range(70)] + ["small"]


def test_evaluation_counts_each_once():
    batches = list(evaluation_batches(photographs(11), 4, SIZE))
    assert [batch["valid"].sum() for batch in batches] == [4, 4, 3]
    assert [name for batch in batches for name in batch["names"] if name] == [
        f"{i}" for i in range(11)
    ]
    last = batches[-1]
    assert not last["valid"][3]
    assert not last["mask"][3].any()
    assert last["mask"][:3].all()
    assert {batch["photo"].shape for batch in batches} == {(4, SIZE, SIZE, 3)}


def test_stream_visits_each_once_an_epoch_in_new_order():
    seen = indices(stream(photographs(12), 4, SIZE, seed=1, epochs=3))
    epochs = [seen[start : start + 12] for start in range(0, 36, 12)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(12))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_stream_follows_the_seed_not_the_threads():
    def first(seed, threads):
        batches = stream(photographs(20, 40), 4, SIZE, 0, seed=seed, num_threads=threads)
        return np.stack([batch["photo"] for batch in itertools.islice(batches, 12)])

    np.testing.assert_array_equal(first(3, 1), first(3, 4))
    assert (first(3, 1) != first(4, 1)).any()


def test_stream_resumes_where_it_was():
    batches = stream(photographs(20), 4, SIZE, seed=2)
    list(itertools.islice(batches, 7))
    state = batches.get_state()
    expected = indices(itertools.islice(batches, 6))
    other = stream(photographs(20), 4, SIZE, seed=2)
    other.set_state(state)
    assert indices(itertools.islice(other, 6)) == expected


def test_processes_share_the_photographs_evenly(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    shares = []
    for process in range(3):
        monkeypatch.setattr(jax, "process_index", lambda process=process: process)
        shares.append(set(indices(stream(photographs(20), 2, SIZE, epochs=1))))
    assert [len(share) for share in shares] == [6, 6, 6]
    assert len(set.union(*shares)) == 18


def test_too_few_photographs_are_an_error():
    with pytest.raises(ValueError, match=r"3 photographs in the train split .* batch of 4"):
        stream(photographs(3), 4, SIZE, epochs=1)
    for use in (resident, lambda none: next(evaluation_batches(none, 4))):
        with pytest.raises(ValueError, match="train split is empty"):
            use(photographs(0))


def test_photographs_are_found_by_name():
    every = Photographs("test", [{"name": f"{i}.jpg", "image": b""} for i in range(5)])
    assert [record["name"] for record in every.named(["3.jpg", "1.jpg"])] == ["3.jpg", "1.jpg"]
    with pytest.raises(ValueError, match=r"no photograph 7\.jpg"):
        every.named(["3.jpg", "7.jpg"])
