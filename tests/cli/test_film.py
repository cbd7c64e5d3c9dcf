"""Films on the command line."""

import os
import signal
import subprocess
import sys
import time

import pytest
from photo_files import encode, picture

from cic_jax.colorize import paint
from cic_jax.film import whole

film_files = pytest.importorskip("film_files", reason="PyAV is not installed", exc_type=ImportError)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return film_files.write(path, film_files.shots(9))


def test_a_film_is_coloured_beside_photographs_and_found_done(
    colorize, source, tmp_path, monkeypatch
):
    monkeypatch.setattr(paint, "TILE", 64)
    photo = tmp_path / "a.png"
    photo.write_bytes(encode(picture(1, (40, 30)), "PNG"))
    status, lines = colorize(photo, source, "--out", tmp_path / "out", "--saturation=2")
    assert (status, lines) == (0, [f"2 coloured into {tmp_path / 'out'}"])
    result = tmp_path / "out" / "film.mp4"
    assert film_files.seen(result) == film_files.seen(source)
    status, lines = colorize(source, "-o", result)
    assert (status, lines[-1].split(",")[1][:7]) == (0, " 1 done")
    status, lines = colorize(source, "-o", tmp_path / "x.mp4", "--candidates=2", "--compare")
    assert (status, lines[0]) == (2, f"{source}: a film takes no --candidates, --compare")
    assert not (tmp_path / "x.mp4").exists()


def test_names_that_do_not_fit_are_one_line(colorize, source, tmp_path):
    status, lines = colorize(source, "-o", tmp_path / "x.png")
    assert (status, lines[0][-len("x.png") :]) == (2, "x.png")
    status, lines = colorize(source.parent, "-o", tmp_path / "out")
    assert (status, lines[0]) == (2, f"{source.parent}: no photographs in this folder")
    with pytest.raises(SystemExit):
        colorize(source, "-o", tmp_path / "x.avi")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL"])
def test_a_command_that_is_ended_leaves_a_film_to_play_and_goes_on(weights, tmp_path, ending):
    """The real thing: a process, its signal, and the same command again."""
    source, result = tmp_path / "film.mp4", tmp_path / "out.mp4"
    film_files.write(source, film_files.shots(whole.LONGEST + 80))
    command = [sys.executable, "-m", "cic_jax.cli", "colorize", source, "-o", result, "--size=32"]
    command = [*map(str, command), f"--checkpoint={weights}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    journal, open_part = (tmp_path / ".out.mp4.parts" / x for x in ("000001.mp4", "open.mp4"))
    deadline = time.monotonic() + 300
    while not (journal.exists() and open_part.exists()) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(getattr(signal, ending))
    _, told = process.communicate(timeout=300)
    assert not result.exists()
    if ending != "SIGKILL":
        assert process.returncode == 130
        assert f"the same command goes on with picture {whole.LONGEST + 1}" in told
        unfinished = film_files.pictures(tmp_path / "out.unfinished.mp4")
        assert whole.LONGEST < len(unfinished) < whole.LONGEST + 80
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=os.environ, timeout=600)
    assert film_files.seen(result) == film_files.seen(source)
    assert sorted(x.name for x in tmp_path.iterdir() if not x.name.startswith(".cic")) == [
        "film.mp4",
        "out.mp4",
    ]
