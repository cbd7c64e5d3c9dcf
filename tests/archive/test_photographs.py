"""Every photograph is in one share, and every result has a name of its own."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cic_jax.archive import Photograph, Share, listed, planned
from cic_jax.archive.photographs import result_name
from cic_jax.images import WRITTEN

PARTS = st.sampled_from(["a", "A", "b", ".jpg", ".JPG", ".png", ".gif", "-2", "/x", "é", "\udce9"])
PLACES = st.lists(st.lists(PARTS, min_size=1, max_size=5).map("".join), max_size=12)


@settings(deadline=None, max_examples=60)
@given(PLACES, st.integers(1, 7), st.randoms())
def test_every_photograph_is_in_exactly_one_share_whatever_the_order(places, total, random):
    photographs = [Photograph(f"/in/{place}", place) for place in places]
    mixed = random.sample(photographs, len(photographs))
    found = []
    for number in range(1, total + 1):
        share = Share(number, total)
        taken, refused = planned(photographs, share)
        again, refused_again = planned(mixed, share)
        both = {x.name for x in taken} | {x.name for x in refused}
        assert both == {x.name for x in again} | {x.name for x in refused_again}
        found += [x.name for x in taken] + [x.name for x in refused]
    assert sorted(found) == sorted({x.name for x in photographs})


@settings(deadline=None, max_examples=60)
@given(PLACES, st.integers(1, 3))
def test_no_two_results_have_one_name_whatever_their_formats(places, total):
    photographs = [Photograph(f"/in/{place}", place) for place in places]
    taken = [planned(photographs, Share(i, total))[0] for i in range(1, total + 1)]
    names = [
        {result_name(photograph.place, format).casefold() for format in (*WRITTEN, "GIF")}
        for photograph in itertools.chain(*taken)
    ]
    assert sum(map(len, names)) == len(set().union(*names))


def test_shares_stay_as_they_are():
    """They must not change with a release: archives are under way."""
    shares = [[i for i in range(1, 5) if f"{n}.jpg" in Share(i, 4)] for n in range(8)]
    assert shares == SHARES


SHARES = [[2], [3], [1], [2], [3], [1], [1], [3]]


def test_a_photograph_named_twice_counts_once_and_one_of_its_place_is_refused():
    one, same = Photograph("/a/x.jpg", "x.jpg"), Photograph("/b/X.JPG", "X.JPG")
    late = Photograph("/b/x.jpg.png", "x.jpg.png")  # as a result of x.jpg may be called
    taken, refused = planned([one, one, Photograph("/a/./x.jpg", "x.jpg"), same, late])
    assert taken == [one]
    assert list(refused) == [same, late]
    assert refused[same] == "its result could have the name of that of /a/x.jpg"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("scans/a.jpg", "scans/a.jpg"),
        ("./scans//a.jpg", "scans/a.jpg"),
        ("/data/a.jpg", "data/a.jpg"),
        ("s3://bucket/1923/a.jpg", "bucket/1923/a.jpg"),
        ("s3://bucket/../../a.jpg", "a.jpg"),
        ("../a.jpg", None),
    ],
)
def test_the_place_is_the_whole_name_and_never_outside(line, place, tmp_path):
    (tmp_path / "list").write_text(f"{line}\n\n")
    (photograph,) = listed(tmp_path / "list")
    assert photograph.name == line
    assert ".." not in photograph.place.split("/")
    assert not photograph.place.startswith("/")
    assert place in (None, photograph.place)


def test_a_list_may_come_from_windows(tmp_path):
    """A byte order mark and the ends of lines are no part of a name."""
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfa.jpg\r\n\r\n  \r\nd\xc3\xa9j\xc3\xa0 vu.jpg\r\n")
    assert [x.name for x in listed(tmp_path / "list")] == ["a.jpg", "d\u00e9j\u00e0 vu.jpg"]


@pytest.mark.parametrize(
    ("place", "format", "name"),
    [
        ("a.jpg", "JPEG", "a.jpg"),
        ("a.JPEG", "JPEG", "a.JPEG"),
        ("a.gif", "GIF", "a.gif.png"),
        ("deep/a.heic", "HEIF", "deep/a.heic.jpg"),
        ("a.jpg", "PNG", "a.jpg.png"),
        ("a", "TIFF", "a.tif"),
    ],
)
def test_a_suffix_is_appended_where_the_format_is_another(place, format, name):
    assert result_name(place, format) == name
