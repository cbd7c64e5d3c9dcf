"""Help and completion say what the parser takes."""

import re
import subprocess
from contextlib import suppress

import pytest

from cic_jax.cli import console
from cic_jax.cli.help import TOPICS
from cic_jax.cli.main import main

COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_cic_jax
printf '%s\\n' "${COMPREPLY[@]}"
"""


def printed(arguments, capsys):
    with suppress(SystemExit):  # of --help
        assert main(arguments) == console.DONE
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [[], ["colorize"]])
def test_help_has_the_exit_statuses(command, capsys):
    shown = " ".join(printed([*command, "--help"], capsys).split())
    for status, meaning in console.STATUSES.items():
        assert f"{status} {meaning}" in shown


def test_every_topic_is_short_and_listed(capsys):
    listed = printed(["help"], capsys)
    for topic in TOPICS:
        assert topic in listed
        lines = printed(["help", topic], capsys).splitlines()
        assert 3 <= len(lines) <= 30
        assert max(map(len, lines)) <= 100
    assert printed(["help", "colorize"], capsys) == printed(["colorize", "--help"], capsys)
    assert ".jp2" in printed(["help", "formats"], capsys)


@pytest.mark.parametrize(("shell", "dashes"), [("bash", "--"), ("zsh", "--"), ("fish", "-l ")])
def test_every_flag_of_every_command_is_completed(shell, dashes, capsys):
    script = printed(["completion", shell], capsys)
    listed = printed(["--help"], capsys).partition("\n\n")[2]
    for command in re.findall(r"^    (\w+)", listed, flags=re.MULTILINE):
        usage = printed([command, "--help"], capsys).partition("\n\n")[0]
        flags = re.findall(r"--([a-z][a-z-]*)", usage)
        assert command in script
        assert [flag for flag in flags if not re.search(f"{dashes}{flag}\\b", script)] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["co"], ["colorize", "completion", "convert"]),
        (["colorize", "--dr"], ["--dry-run"]),
        (["colorize", "--mode", "="], ["mean", "mode"]),
        (["colorize", "--mode", "=", "me"], ["mean"]),
        (["colorize", "--mode", "mo"], ["mode"]),
        (["colorize", "--compare", "ph"], ["photo one.jpg"]),
        (["colorize", "-o", "al"], ["album"]),
        (["colorize", "--hint", "ph"], [""]),
        (["completion", "z"], ["zsh"]),
        (["serve", "ph"], [""]),
    ],
)
def test_bash_completes(words, expected, tmp_path, capsys):
    (tmp_path / "script").write_text(printed(["completion", "bash"], capsys))
    (tmp_path / "photo one.jpg").touch()
    (tmp_path / "album").mkdir()
    ended = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", "./script", "cic-jax", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    assert sorted(ended.stdout.removesuffix("\n").split("\n")) == expected
