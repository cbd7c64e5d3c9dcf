"""Hints on the command line reach the photographs that they are meant for."""

import numpy as np
import pytest
from photo_files import photograph
from tiny_models import tiny_lite

from cic_jax import checkpoint, images
from cic_jax.cli import console


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    path = tmp_path_factory.mktemp("lite") / "lite"
    checkpoint.export(path, tiny_lite())
    return path


@pytest.fixture
def colour(lite, tmp_path, capsys):
    """Colour photographs with hints; gives the status, the lines and the results by name."""
    from cic_jax.cli.main import main

    def run(*arguments):
        out = tmp_path / "out"
        options = [f"--checkpoint={lite}", "--size=32", f"--out={out}", "--overwrite"]
        status = main(["colorize", *map(str, arguments), *options])
        pictures = {path.name: images.read(path).rgb for path in out.glob("*.png")}
        return status, capsys.readouterr().err.splitlines(), pictures

    return run


def test_a_hint_a_file_of_hints_and_a_palette(tmp_path, colour):
    one, two = (photograph(tmp_path / name) for name in ("one.png", "two.png"))
    _, _, plain = colour(one, two)
    status, _, hinted = colour(one, two, "--hint=20%,50%,red")
    assert status == console.DONE
    assert all(np.any(plain[name] != hinted[name]) for name in plain)

    listed = tmp_path / "hints.csv"
    listed.write_text(f"photograph,x,y,colour\n{one},20%,50%,red\n")
    _, _, listed_ones = colour(one, two, f"--hints={listed}")
    np.testing.assert_array_equal(listed_ones["one.png"], hinted["one.png"])
    np.testing.assert_array_equal(listed_ones["two.png"], plain["two.png"])

    _, _, like_two = colour(one, f"--palette={two}")
    assert np.any(like_two["one.png"] != plain["one.png"])


def test_names_in_a_file_of_hints_that_are_no_photograph_s_are_told(tmp_path, colour):
    one = photograph(tmp_path / "one.png")
    listed = tmp_path / "hints.csv"
    listed.write_text("photograph,x,y,colour\noen.png,20%,50%,red\none.png,1,1,red\n")
    status, lines, _ = colour(one, f"--hints={listed}")
    assert status == console.DONE
    assert lines[0] == f"--hints={listed}: no photograph here is named oen.png"


def test_a_hint_outside_fails_its_photograph_alone(tmp_path, colour):
    status, lines, _ = colour(photograph(tmp_path / "one.png"), "--hint=5000,1,red")
    assert status == console.UNUSABLE
    assert any("one.png" in line and "lies outside" in line for line in lines)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--hint=1,2", "expected a hint X,Y,COLOUR"),
        ("--hints=missing.csv", "missing.csv"),
        ("--palette=missing.jpg", "missing.jpg"),
    ],
)
def test_hints_that_cannot_be_meant_are_one_line(tmp_path, colour, flag, said, capsys):
    with pytest.raises(SystemExit) as stop:
        colour(photograph(tmp_path / "one.png"), flag)
    assert stop.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_model_that_takes_no_hints_says_so(tmp_path, colorize, capsys):
    one = photograph(tmp_path / "one.png")
    with pytest.raises(SystemExit):
        colorize(one, f"--out={tmp_path / 'out'}", "--hint=1,1,red")
    assert "takes no hints" in capsys.readouterr().err
