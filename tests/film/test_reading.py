"""What is read of a film, and in one line what cannot be."""

import numpy as np
import pytest

from cic_jax.film import FilmError
from cic_jax.film.reading import Film

film_files = pytest.importorskip("film_files", reason="PyAV is not installed", exc_type=ImportError)
import av  # noqa: E402

PICTURES = film_files.shots(12)
SLOW = [9000 * i for i in range(12)]


def read(path):
    film = Film(path)
    return film, list(film.pictures())


def test_pictures_come_upright_at_their_own_times(tmp_path):
    path = film_files.write(tmp_path / "a.mp4", [x[:48] for x in PICTURES], rotation=90)
    film, pictures = read(path)
    start = pictures[0].time
    assert [x.time - start for x in pictures] == [x - 4001 for x in film_files.times(12)]
    assert film.look.turns == 1
    for picture, true in zip(pictures, PICTURES, strict=True):
        assert np.abs(picture.pixels.astype(int) - np.rot90(true[:48])).mean() < 6
    assert film.complaints == []


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (6, 6, 6, 2), (2, 2, 2, 0)])
def test_the_range_and_matrix_are_heeded(tmp_path, tags):
    """Grey of 30 is 30 in limited and in full range."""
    grey = [np.full((48, 64, 3), 30, np.uint8)] * 3
    path = film_files.write(tmp_path / "a.mp4", grey, tags=tags, sound=None)
    _, pictures = read(path)
    assert abs(float(pictures[1].pixels.mean()) - 30) < 1.5


def test_a_film_that_is_cut_short_or_damaged_gives_what_can_be_decoded(tmp_path):
    path = film_files.write(
        tmp_path / "a.mkv", PICTURES, sound=None, options={"g": "1"}, ticks=SLOW
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    film, pictures = read(path)
    assert 2 < len(pictures) < 10
    assert any("cut short" in line and "of 3.4 seconds" in line for line in film.complaints)
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(200) + content[middle + 200 :])
    film, pictures = read(path)
    assert 9 < len(pictures) <= 12
    assert any("damaged" in line for line in film.complaints) or len(pictures) == 12


def test_interlaced_pictures_are_joined(tmp_path):
    """Fields that were taken one after the other leave no comb."""
    wide = film_files.scene(2, 160)[:64]
    fields = [np.ascontiguousarray(wide[:, 6 * t : 6 * t + 64]) for t in range(16)]
    woven = []
    for first, second in zip(fields[::2], fields[1::2], strict=True):
        picture = first.copy()
        picture[1::2] = second[1::2]
        woven.append(picture)
    path = film_files.write(
        tmp_path / "a.mp4",
        woven,
        sound=None,
        options={"crf": "5", "x264-params": "interlaced=1:tff=1"},
    )
    with av.open(str(path)) as film:
        assert all(frame.interlaced_frame for frame in film.decode(video=0))
    _, pictures = read(path)
    assert len(pictures) == len(woven)

    def comb(picture):
        lines = picture.astype(float)
        return np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean()

    assert comb(pictures[4].pixels) < 0.6 * comb(woven[4])


def test_what_is_no_film_is_one_line(tmp_path):
    film_files.write(tmp_path / "a.mp4", PICTURES)
    cases = {
        "missing.mp4": (None, "does not exist"),
        "empty.mp4": (b"", "no film"),
        "text.mkv": (b"hello" * 100, "no film"),
        "cut.mp4": ((tmp_path / "a.mp4").read_bytes()[:2000], "no film"),
        # lists of other files, which FFmpeg would open
        "list.mp4": (b"ffconcat version 1.0\nfile a.mp4\n", "no film"),
        "play.mp4": (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\na.mp4\n", "no film"),
    }
    for name, (content, reason) in cases.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FilmError, match=reason) as caught:
            Film(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(FilmError, match="is no file"):
        Film(tmp_path)


def test_sound_alone_and_high_dynamic_range_are_refused(tmp_path):
    with av.open(str(tmp_path / "song.mp4"), "w") as out:
        audio = out.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        out.mux([*audio.encode(frame), *audio.encode(None)])
    with pytest.raises(FilmError, match="has no pictures"):
        Film(tmp_path / "song.mp4")
    path = film_files.write(tmp_path / "hdr.mp4", PICTURES[:3], tags=(9, 16, 9, 1), sound=None)
    with pytest.raises(FilmError, match="high dynamic range"):
        Film(path)
