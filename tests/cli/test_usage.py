"""Wrong use of the command costs one line, which says what is expected."""

import os

import pytest
from photo_files import photograph, results
from tiny_models import tiny_model

import cic_jax
from cic_jax import checkpoint
from cic_jax.cli import console, hints
from cic_jax.cli.main import main
from cic_jax.colorize import hints as colorize_hints
from cic_jax.printable import printable


@pytest.mark.parametrize(
    "arguments",
    [
        ["-", "a.png", "--out=x"],
        ["-", "--out=x"],
        ["a.png"],
        ["a.png", "--out=x", "--temperature=2"],
        ["a.png", "--out=x", "--temperature=warm"],
        ["a.png", "--out=x", "--size=1"],
        ["a.png", "--out=x", "--mode=median"],
        ["a.png", "--out=x", "--mode=mean", "--temperature=0.5"],
        ["a.png", "--out=x", "--candidates=0"],
        ["-", "--candidates=2"],
        ["", "--out=x"],  # as an unset variable leaves it: not this folder
        ["a.png", "--out="],
        ["a.png", "--out=x", "--hint=1,1,rgb(300,0,0)"],
        ["a.png", "--out=x", "--hint=1,1,hsl(0,100%,200%)"],
        ["a.png", "--out=x", *["--hint=1,1,red"] * 65],
        [],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(["colorize", *arguments])
    assert error.value.code == console.UNUSABLE
    (message,) = capsys.readouterr().err.splitlines()
    assert "expected" in message or "not allowed" in message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "cic-jax: expected a command: colorize, serve, "),
        (["colorise", "a.png"], "cic-jax: there is no command colorise (is colorize meant?)"),
        (["zebra"], "cic-jax: there is no command zebra among colorize, serve, "),
        (["a.png"], "cic-jax: expected a command first: `cic-jax colorize a.png --out=coloured`"),
        (["--verison"], "cic-jax: there is no flag --verison (is --version meant?)"),
        (["colorize", "a.png", "--otu=x"], "cic-jax colorize: there is no flag --otu (is --out "),
        (["colorize", "--size=x"], "cic-jax colorize: --size: expected an integer from 8 to 4096"),
        (["info", "one", "two"], "cic-jax info: expected fewer arguments, got two as well"),
    ],
)
def test_a_slip_is_one_line_that_says_what_may_be_meant(
    arguments, said, tmp_path, monkeypatch, capsys
):
    photograph(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    assert refusal(arguments, capsys).startswith(said)


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.strip() == cic_jax.__version__


def test_without_weights_it_says_how_to_get_some(tmp_path, capsys):
    path = photograph(tmp_path / "a.png")
    with pytest.raises(SystemExit) as error:
        main(["colorize", str(path), f"--out={tmp_path / 'out'}", "--checkpoint=none"])
    assert error.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cic-jax: no checkpoint at none")
    assert "python experiments/train.py" in line


def test_a_released_name_that_is_misspelt_is_asked_after(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = refusal(["info", "evryday"], capsys)
    assert line.startswith("cic-jax: no checkpoint at evryday (is everyday meant?): expected")


def refusal(arguments, capsys):
    """The only line of a command that is refused."""
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(("name", "inside"), [("existing", ""), ("existing.jpg", "/deeper")])
def test_an_output_that_is_a_file_is_refused(name, inside, tmp_path, capsys):
    path, file = photograph(tmp_path / "a.png"), tmp_path / name
    file.write_bytes(path.read_bytes())
    before = file.read_bytes()
    out = f"{file}{inside}"
    # The checkpoint, which would be refused too, is not looked at before.
    line = refusal(["colorize", str(path), f"--out={out}", "--checkpoint=none"], capsys)
    assert line.startswith(f"cic-jax: --out: expected a folder: {out}: ")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"photograph,x,y,colour\ncaf\xe9.jpg,1,1,red\n", "expected text in UTF-8"),
        (b'photograph,x,y,colour\na.jpg,1,1,"' + b"r" * 200_000, "expected CSV"),
        (
            b"photograph;x;y;colour\n",
            "expected the first line photograph,x,y,colour, got photograph;",
        ),
        (b"a" * (hints.MOST_BYTES + 1), "expected a file of at most 16 MiB"),
    ],
)
def test_a_file_of_hints_that_is_none_is_named(content, said, tmp_path, capsys):
    file = tmp_path / "hints.csv"
    file.write_bytes(content)
    line = refusal(["colorize", "a.png", "--out=x", f"--hints={file}"], capsys)
    assert line.startswith(f"cic-jax: --hints={file}: {said}")


def test_more_hints_than_a_network_takes_are_refused(capsys):
    given = ["--hint=1,1,red"] * (colorize_hints.MOST + 1)
    line = refusal(["colorize", "a.png", "--out=x", *given], capsys)
    assert line == "cic-jax: --hint: expected at most 64 hints for one photograph, got 65"


@pytest.mark.parametrize("out", ["loop", "long/" * 1000, "n" * 300])
def test_an_output_folder_that_cannot_be_is_refused(out, tmp_path, monkeypatch, capsys):
    photograph(tmp_path / "in" / "a.png")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    line = refusal(["colorize", "in", f"--out={out}", "--checkpoint=none"], capsys)
    assert line.startswith("cic-jax: --out: ")


def test_the_home_is_expanded_in_every_path(tmp_path, monkeypatch, capsys):
    photograph(tmp_path / "album" / "a.png")
    checkpoint.export(tmp_path / "tiny", tiny_model())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    options = ["--out=~/out", "--checkpoint=~/tiny", "--size=32"]
    assert main(["colorize", "~/album", "~/album/*.png", *options]) == console.DONE
    assert results(tmp_path / "out") == ["a.png"]
    assert main(["info", "~/tiny"]) == console.DONE
    capsys.readouterr()
    line = refusal(["convert", "~/none.pth", "--out=~/model"], capsys)
    assert str(tmp_path / "none.pth") in line
    assert not (tmp_path / "~").exists()


def test_escape_codes_in_names_do_not_reach_the_terminal(tmp_path, capsys):
    name = "\x1b[31mred\x1b]0;title\x07\n\x9b1m\u202egnp.jpg"
    path = tmp_path / name
    path.write_text("words")
    assert main(["colorize", str(path), f"--out={tmp_path / 'out'}"]) == console.UNUSABLE
    for refused in (["info", name], ["colorize", "a.png", "--out=x", f"--{name}"]):
        with pytest.raises(SystemExit):
            main(refused)
    shown = capsys.readouterr().err
    assert r"\x1b[31mred\x1b]0;title\x07\n\x9b1m\u202egnp.jpg" in shown
    assert all(character.isprintable() for line in shown.split("\n") for character in line)


def test_names_that_are_not_utf_8_are_shown():
    assert printable(os.fsdecode(b"caf\xe9.jpg")) == r"caf\udce9.jpg"
