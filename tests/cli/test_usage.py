"""Wrong use of the command costs one line, which says what is expected."""

import pytest
from photo_files import photograph

from cic_jax.cli import main as cli


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
        [],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(["colorize", *arguments])
    assert error.value.code == cli.UNUSABLE
    message = capsys.readouterr().err.splitlines()[-1]
    assert (
        "expected" in message
        or "invalid" in message
        or "required" in message
        or "not allowed" in message
    )


def test_without_weights_it_says_how_to_get_some(tmp_path, capsys):
    path = photograph(tmp_path / "a.png")
    with pytest.raises(SystemExit) as error:
        cli.main(["colorize", str(path), f"--out={tmp_path / 'out'}", "--checkpoint=none"])
    assert error.value.code == cli.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cic-jax: no checkpoint at none")
    assert "python experiments/train.py" in line
