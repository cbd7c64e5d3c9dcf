"""The command colours files, folders and streams; what fails costs one line."""

import errno
import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import image_samples as files
import numpy as np
import pytest
from photo_files import encode, photograph, results
from PIL import Image
from tiny_models import tiny_model

from cic_jax import checkpoint, images
from cic_jax.benchmark import process
from cic_jax.cli import console
from cic_jax.cli.colorize_flags import MEMORY, MEMORY_COLOUR, MEMORY_GREY
from cic_jax.cli.main import main
from cic_jax.cli.sources import Sources


def test_awkward_photographs_of_every_kind(tmp_path, colorize):
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "album").mkdir(parents=True)
    for name, content, *_ in files.READABLE:
        (source / "album" / name).write_bytes(content)
    for name, content, _ in files.UNREADABLE:
        (source / name).write_bytes(content)
    status, lines = colorize(source, f"--out={out}", "--temperature=0")

    assert status == console.SOME_FAILED
    broken = [name for name, *_ in files.UNREADABLE if name != "drawing.svg"]  # not even tried
    failures = [line for line in lines if line.startswith(f"{source}/") and "pictures" not in line]
    assert sorted(line.split(": ")[0] for line in failures) == sorted(
        str(source / name) for name in broken
    )
    assert lines[-1] == f"{len(files.READABLE)} coloured into {out}, {len(broken)} failed"
    assert f"{source}/album/pages.tif: the first of the 3 pictures in it is coloured" in lines

    expected = {"moving.gif": "moving.png", "a_png.jpg": "a_png.png"}
    expected |= {"colour.ppm": "colour.png", "grey16.pgm": "grey16-2.png"}
    for name, *_ in files.READABLE:
        before = images.read(source / "album" / name)
        after = images.read(out / "album" / expected.get(name, name))
        assert after.rgb.shape == (*before.rgb.shape[:2], 3)
        assert (after.alpha is None) == (before.alpha is None)
        assert bool(after.icc) == bool(before.icc)
    assert len(results(out)) == len(files.READABLE)


def test_a_second_run_does_what_is_left(tmp_path, colorize):
    photograph(tmp_path / "in" / "a.png")
    photograph(tmp_path / "in" / "deep" / "b.jpg")
    out = tmp_path / "in" / "out"  # inside the folder, which must not swallow its own results
    assert colorize(tmp_path / "in", f"--out={out}") == (console.DONE, [f"2 coloured into {out}"])
    before = (out / "a.png").read_bytes()
    photograph(tmp_path / "in" / "c.png")
    status, lines = colorize(tmp_path / "in", f"--out={out}", "--saturation=0")
    again = "2 done already with other settings (--overwrite colours them again)"
    assert (status, lines[-1]) == (console.DONE, f"1 coloured into {out}, {again}")
    assert results(out) == ["a.png", "c.png", "deep/b.jpg"]
    assert (out / "a.png").read_bytes() == before
    colorize(tmp_path / "in", f"--out={out}", "--saturation=0", "--overwrite")
    assert (out / "a.png").read_bytes() != before


def test_compare_puts_before_and_after_side_by_side(tmp_path, colorize):
    path = photograph(tmp_path / "a.png")
    assert colorize(path, f"--out={tmp_path / 'out'}", "--compare")[0] == console.DONE
    result = images.read(tmp_path / "out" / "a.png").rgb
    assert result.shape == (20, 60, 3)
    np.testing.assert_array_equal(result[:, :30, 1], images.read(path).rgb)
    assert np.ptp(result[:, :30].astype(int), axis=-1).max() == 0
    assert np.ptp(result[:, 30:].astype(int), axis=-1).max() > 10


def test_candidates_are_numbered_and_found_again(tmp_path, colorize):
    path, out = photograph(tmp_path / "a.png"), tmp_path / "out"
    arguments = (path, photograph(tmp_path / "b" / "a.png"), f"--out={out}")
    assert colorize(*arguments, "--candidates=3", "--compare")[0] == console.DONE
    assert results(out) == sorted(f"{stem}-{n}.png" for stem in ("a", "a-2") for n in (1, 2, 3))
    pictures = [images.read(out / f"a-{n}.png").rgb.astype(int) for n in (1, 2, 3)]
    for one, other in itertools.combinations(pictures, 2):
        np.testing.assert_array_equal(one[:, :30], other[:, :30])
        assert np.abs(one - other)[:, 30:].max() > 20
    status, lines = colorize(*arguments, "--candidates=3")
    assert status == console.DONE
    assert lines[-1].startswith(f"0 coloured into {out}, 2 done already")
    (out / "a-2.png").unlink()
    assert colorize(*arguments, "--candidates=3")[1][-1].startswith("1 coloured into")


def test_mean_and_mode_are_temperatures(tmp_path, colorize):
    path = photograph(tmp_path / "a.png")
    runs = {name: tmp_path / name for name in ("mean", "mode", "one", "zero")}
    colorize(path, f"--out={runs['mean']}", "--mode=mean")
    colorize(path, f"--out={runs['mode']}", "--mode=mode")
    colorize(path, f"--out={runs['one']}", "--temperature=1")
    colorize(path, f"--out={runs['zero']}", "--temperature=0")
    mean, mode, one, zero = ((run / "a.png").read_bytes() for run in runs.values())
    assert (mean, mode) == (one, zero)
    assert mean != mode


def test_a_regression_has_no_candidates(tmp_path, capsys):
    checkpoint.export(tmp_path / "ab", tiny_model(centers=None))
    path = photograph(tmp_path / "a.png")
    options = [f"--out={tmp_path / 'out'}", f"--checkpoint={tmp_path / 'ab'}", "--candidates=2"]
    with pytest.raises(SystemExit) as error:
        main(["colorize", str(path), *options])
    assert error.value.code == console.UNUSABLE
    assert "predicts one colour a pixel" in capsys.readouterr().err


def test_nothing_usable(tmp_path, colorize):
    out = f"--out={tmp_path / 'out'}"
    path = tmp_path / "words.jpg"
    path.write_text("words")
    status, lines = colorize(path, tmp_path / "none.jpg", tmp_path / "no*.png", out)
    assert status == console.UNUSABLE
    assert lines[0].startswith(f"{path}: empty, or no photograph")
    assert lines[1] == f"{tmp_path / 'none.jpg'}: no such file or directory"
    assert lines[2] == f"{tmp_path / 'no*.png'}: no such file or directory"
    assert not (tmp_path / "out").exists()
    (tmp_path / "folder").mkdir()
    status, lines = colorize(tmp_path / "folder", out)
    assert status == console.UNUSABLE
    assert lines[0] == f"{tmp_path / 'folder'}: no photographs in this folder"


def test_never_into_the_folder_it_came_from(tmp_path, colorize):
    path = photograph(tmp_path / "a.png")
    before = path.read_bytes()
    status, lines = colorize(path, f"--out={tmp_path}", "--overwrite")
    assert status == console.UNUSABLE
    assert lines[0] == f"{path}: is in the output folder itself; name another"
    assert path.read_bytes() == before


def test_standard_input_to_standard_output(weights):
    command = [sys.executable, "-m", "cic_jax.cli", "colorize", "-", f"--checkpoint={weights}"]
    sound = subprocess.run(command, input=files.SOUND, capture_output=True, check=True)
    photo = images.read(io.BytesIO(sound.stdout))
    assert (photo.format, photo.rgb.shape) == ("JPEG", (files.H, files.W, 3))
    assert sound.stderr == b""
    broken = subprocess.run(command, input=b"words", capture_output=True, check=False)
    assert broken.returncode == console.UNUSABLE
    assert broken.stdout == b""
    assert broken.stderr.startswith(b"cic-jax: the stream: empty, or no photograph")


def test_a_stream_too_wide_for_its_format_costs_one_line(weights):
    # --compare doubles the width; WebP holds 16,383 pixels.
    wide = encode(Image.new("L", (9000, 8)), "WEBP")
    options = ["--compare", "--size=32", f"--checkpoint={weights}"]
    command = [sys.executable, "-m", "cic_jax.cli", "colorize", "-", *options]
    ended = subprocess.run(command, input=wide, capture_output=True, check=False)
    assert ended.returncode == console.UNUSABLE
    assert ended.stdout == b""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(b"cic-jax: ")
    assert b"WEBP" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_standard_output_costs_one_line(weights):
    command = [sys.executable, "-m", "cic_jax.cli", "colorize", "-", f"--checkpoint={weights}"]
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            command, input=files.SOUND, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == console.UNUSABLE
    expected = b"cic-jax: the result cannot be written: no space left on device\n"
    assert ended.stderr == expected


@pytest.mark.slow
def test_50_megapixels_within_the_memory_that_the_help_states(tmp_path):
    shape = (6104, 8192)
    grey = np.linspace(0, 65535, shape[1]).astype(np.uint16)
    Image.fromarray(np.tile(grey, (shape[0], 1))).save(tmp_path / "large.tif")
    command = ["colorize", str(tmp_path / "large.tif"), f"--out={tmp_path}/out"]
    peak = 2**20 * process.peak_memory(["-m", "cic_jax.cli", *command], XLA_FLAGS="")
    allowed = MEMORY + MEMORY_GREY * shape[0] * shape[1]
    assert 2 * shape[0] * shape[1] < peak < allowed
    with Image.open(tmp_path / "out" / "large.tif") as image:
        assert (image.size, image.mode) == (shape[::-1], "RGB")


@pytest.mark.slow
def test_many_shapes_within_the_memory_that_the_help_states(tmp_path):
    """Every shape is compiled here: what programs leave behind must not add up."""
    (tmp_path / "album").mkdir()
    sides = [256, *range(320, 769, 64)]
    for side in sides:
        Image.new("RGB", (side, 256), (side % 256, 90, 90)).save(tmp_path / f"album/{side}.png")
    command = ["colorize", str(tmp_path / "album"), f"--out={tmp_path}/out"]
    environment = {"XLA_FLAGS": "", "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled")}
    peak = 2**20 * process.peak_memory(["-m", "cic_jax.cli", *command], **environment)
    assert peak < MEMORY + MEMORY_COLOUR * 768 * 256
    assert len(list((tmp_path / "out").glob("*.png"))) == len(sides)


def test_a_full_disk_is_told_with_the_photograph(tmp_path, colorize, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Sources, "add", full)
    photo = photograph(tmp_path / "one.png")
    _, lines = colorize(photo, f"--out={tmp_path / 'out'}")
    assert f"{photo}: no space left on device" in lines
