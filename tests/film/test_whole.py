"""A film from a file to a file: what a player is told stays, and it goes on where it stopped."""

from fractions import Fraction

import numpy as np
import pytest
from full_disk import files_of_at_most
from tiny_models import tiny_model

from cic_jax import Colorizer, film
from cic_jax.colorize import paint
from cic_jax.film import colouring, comparison, flicker, parts, whole

film_files = pytest.importorskip("film_files", reason="PyAV is not installed", exc_type=ImportError)


@pytest.fixture(scope="module", autouse=True)
def small():
    """Parts of 8 pictures at most, so that a short film has several; small tiles, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "LONGEST", 8)
        patch.setattr(whole, "SHORTEST", 4)
        patch.setattr(paint, "TILE", 64)
        yield


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(tiny_model(gain=30.0), size=32)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Two shots of 11 and 9 pictures."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return film_files.write(
        path,
        film_files.shots(11, 9),
        rotation=-90,
        aspect=Fraction(16, 11),
        tags=(6, 6, 6, 1),
    )


@pytest.fixture(scope="module")
def straight(source, colorizer):
    """The film coloured in one go."""
    target = source.with_name("straight.mp4")
    result = film.colorize(colorizer, source, target)
    assert result == (target, 20, True, [], 20)
    return target


def colours(path):
    pictures = film_files.pictures(path).astype(float)
    return np.ptp(pictures, axis=-1).mean()


def test_times_sound_tags_aspect_and_rotation_are_kept(source, straight):
    before, after = film_files.seen(source), film_files.seen(straight)
    assert before == after
    assert len(before[0]["times"]) == 20
    grey = film_files.pictures(source)
    L, new_L = (x.astype(float) @ [0.3, 0.59, 0.11] for x in (grey, film_files.pictures(straight)))
    assert np.abs(L - new_L).mean() < 8
    assert colours(straight) > 20
    assert not parts.folder_of(straight).exists()


def test_a_film_that_was_stopped_goes_on_to_the_same_bytes(source, straight, colorizer, tmp_path):
    target = tmp_path / "film.mp4"
    asked = iter([False] * 13 + [True])
    stopped = film.colorize(colorizer, source, target, stopped=lambda: next(asked))
    assert stopped[:3] == (tmp_path / "film.unfinished.mp4", 14, False)
    assert stopped.kept == 8  # the part that was whole
    told, sound = film_files.seen(stopped.path)
    whole_told, whole_sound = film_files.seen(source)
    assert told["times"] == whole_told["times"][:14]
    assert sound == whole_sound[: len(sound)]
    assert 0 < len(sound) < len(whole_sound)
    assert not target.exists()
    reports = []
    film.colorize(colorizer, source, target, report=lambda *x: reports.append(x))
    assert reports[0] == (8, 20)
    assert reports[-1] == (20, 20)
    assert target.read_bytes() == straight.read_bytes()
    assert [x.name for x in tmp_path.iterdir()] == ["film.mp4"]


def test_a_film_that_was_killed_loses_its_open_part_alone(source, straight, colorizer, tmp_path):
    """An error in place of a kill, at any picture: what is on the disk is the same."""
    target = tmp_path / "film.mp4"

    def killed_after(pictures):
        count = iter(range(pictures))

        def killed():
            if next(count, None) is None:
                raise SystemExit
            return False

        return killed

    for pictures in (3, 9, 6):
        with pytest.raises(SystemExit):
            film.colorize(colorizer, source, target, stopped=killed_after(pictures))
        assert not target.exists()
    (parts.folder_of(target) / parts.OPEN).write_bytes(b"half a part")
    film.colorize(colorizer, source, target)
    assert target.read_bytes() == straight.read_bytes()


def test_other_settings_do_not_go_on_with_what_was_done(source, colorizer, tmp_path):
    target = tmp_path / "film.mp4"
    asked = iter([False] * 10 + [True])
    film.colorize(colorizer, source, target, stopped=lambda: next(asked))
    dull = film.Settings(saturation=0.0)
    with pytest.raises(film.FilmError, match=r"begun otherwise \(saturation\).*--overwrite"):
        film.colorize(colorizer, source, target, dull)
    assert parts.folder_of(target).is_dir()
    film.colorize(colorizer, source, target, dull, overwrite=True)
    assert colours(target) < 3


def test_colour_flickers_less_than_picture_by_picture(colorizer):
    pictures = np.stack(film_files.shots(12))
    scores = comparison.compare(colorizer, pictures, colouring.Settings())
    assert scores["steady"].warped < 0.5 * scores["picture by picture"].warped
    assert scores["steady"].consistency < scores["picture by picture"].consistency
    assert scores["truth"].consistency == flicker.consistency(pictures)


def test_sound_that_a_format_cannot_hold_and_unknown_formats_are_one_line(
    source, colorizer, tmp_path
):
    for name, reason in (
        ("film.webm", r"its sound \(aac\) does not fit in a .webm"),
        ("film.avi", "expected a film's name that ends in one of .mp4"),
    ):
        with pytest.raises(film.FilmError, match=reason):
            film.colorize(colorizer, source, tmp_path / name)
    with pytest.raises(film.FilmError, match="is the film itself"):
        film.colorize(colorizer, source, source)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mov"])
def test_other_formats_hold_the_same_film(colorizer, tmp_path, suffix):
    """Odd sides become even, which is said."""
    pictures = [x[:63, :61] for x in film_files.shots(5)]
    path = film_files.write(
        tmp_path / "odd.mkv",
        pictures,
        sound="aac" if suffix == ".mov" else "libopus",
        codec="ffv1",
        pix_fmt="yuv444p",
        options={},
        tags=(1, 1, 1, 1),
    )
    result = film.colorize(colorizer, path, tmp_path / f"out{suffix}")
    assert any("becomes 62 x 64" in note for note in result.notes)
    (told, sound), (before, sound_before) = map(film_files.seen, (result.path, path))
    assert told["size"] == (62, 64)
    assert told["tags"] == before["tags"]
    shift = told["times"][0] - before["times"][0]
    off = [a - b - shift for a, b in zip(told["times"], before["times"], strict=True)]
    assert max(map(abs, off)) <= Fraction(1, 900)
    assert [x for _, x in sound] == [x for _, x in sound_before]


def test_a_result_has_one_maker_and_is_no_folder(source, straight, colorizer, tmp_path):
    """A second command takes nothing from the first, with or without --overwrite."""
    target = tmp_path / "film.mp4"
    refused = 0

    def second() -> bool:
        nonlocal refused
        if refused < 2:
            with pytest.raises(film.FilmError, match="another process is making it"):
                film.colorize(colorizer, source, target, overwrite=bool(refused))
            refused += 1
        return False

    film.colorize(colorizer, source, target, stopped=second)
    assert refused == 2
    assert target.read_bytes() == straight.read_bytes()
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(film.FilmError, match="is a folder; expected"):
        film.colorize(colorizer, source, tmp_path / "folder.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "folder.mp4"]


def test_a_full_disk_is_one_line_and_leaves_what_was_done(source, colorizer, tmp_path):
    target = tmp_path / "film.mp4"
    with files_of_at_most(3000), pytest.raises(film.FilmError, match="could not be written"):
        film.colorize(colorizer, source, target)
    assert not target.exists()
    film.colorize(colorizer, source, target)
    assert target.exists()
