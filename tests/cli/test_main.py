"""The command starts quickly and ends quietly."""

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest
from photo_files import photograph
from PIL import Image

from cic_jax import checkpoint, images
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.cli.sources import RECORD

ROOT = Path(__file__).parents[2]

# An extension that is interrupted while it starts turns KeyboardInterrupt into an ImportError.
INTERRUPTED_IMPORT = """
import os, signal, sys, time

class Interrupted:
    def find_spec(self, name, *_):
        if name == "jax":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            except KeyboardInterrupt:
                raise ImportError("an error while initializing the extension")

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupted())
from cic_jax.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_help_starts_without_jax():
    code = (
        "import sys, contextlib; from cic_jax.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['colorize', '--help'])\n"
        "print('LOADED', {'jax', 'flax', 'orbax', 'numpy', 'PIL'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cic-jax colorize grandmother.jpg --out=coloured" in run.stdout
    assert run.stdout.splitlines()[-1] == "LOADED set()"


@pytest.mark.parametrize(
    "command", [["info"], ["colorize", "photo.png", "--out=out"], ["serve", "--port=0"]]
)
def test_ctrl_c_during_imports_is_one_line(command, tmp_path):
    photograph(tmp_path / "photo.png")
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (console.INTERRUPTED, "cic-jax: interrupted\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["info", "{}"], ["--help"]])
def test_a_reader_that_ends_early_is_no_error(arguments, unbuffered, weights):
    ended = subprocess.Popen(
        [sys.executable, "-m", "cic_jax.cli", *(a.format(weights) for a in arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ended.stdout.close()
    said = ended.stderr.read()
    ended.stderr.close()
    assert said == ""
    assert ended.wait() in (console.DONE, console.UNREAD)


@pytest.mark.parametrize(
    ("arguments", "streams", "said"),
    [
        ("--help", ">&-", "the output cannot be written: bad file descriptor"),
        ("--help", ">/dev/full", "the output cannot be written: no space left on device"),
        ("colorize -", "<&-", "standard input cannot be read: bad file descriptor"),
        ("colorize none.jpg --out=none", "2>&-", ""),
    ],
)
def test_streams_that_cannot_be_used_are_one_line(arguments, streams, said, tmp_path):
    ended = subprocess.run(
        ["sh", "-c", f'exec "$0" -m cic_jax.cli {arguments} {streams}', sys.executable],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == console.UNUSABLE
    assert ended.stderr == (f"cic-jax: {said}\n" if said else "")
    assert ended.stdout == ""


def test_input_without_an_end_is_refused_at_the_most_that_is_read(monkeypatch, capsys):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            assert 0 <= size <= images.MAX_BYTES + 1
            return b"no photograph"

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Endless()))
    with pytest.raises(SystemExit) as ended:
        main(["colorize", "-"])
    assert ended.value.code == console.UNUSABLE
    assert "no photograph of a kind that is read" in capsys.readouterr().err


def test_an_error_of_the_system_is_one_line(monkeypatch, capsys):
    def failing(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model.json")

    monkeypatch.setattr(console, "load", failing)
    with pytest.raises(SystemExit) as ended:
        main(["info"])
    assert ended.value.code == console.UNUSABLE
    assert capsys.readouterr().err == "cic-jax: model.json: no space left on device\n"


@pytest.mark.parametrize("number", console.ENDING)
def test_ctrl_c_and_its_like_leave_no_part_of_a_file(tmp_path, colorize, monkeypatch, number):
    path, out = photograph(tmp_path / "a.png"), tmp_path / "out"
    monkeypatch.setattr(Image.Image, "save", lambda *_, **__: signal.raise_signal(number))
    before = signal.signal(number, signal.SIG_DFL)  # tests under nohup ignore the terminal's end
    try:
        status = colorize(path, f"--out={out}")
    finally:
        signal.signal(number, before)
    assert status == (console.INTERRUPTED, ["cic-jax: interrupted"])
    assert [path.name for path in out.iterdir()] == [RECORD]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("Unable to initialize backend 'cuda'\nand more"), "Unable to initialize"),
        (AssertionError(), "nothing is installed for JAX_PLATFORMS="),  # of a plugin that is not
    ],
)
def test_a_device_that_is_not_there_is_one_line(error, said, monkeypatch, weights, capsys):
    def devices():
        raise error

    monkeypatch.setattr(jax, "devices", devices)
    monkeypatch.setattr(checkpoint, "load", lambda *_, **__: devices())
    with pytest.raises(SystemExit) as ended:
        main(["info", str(weights)])
    assert ended.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cic-jax: JAX has no device to compute on: {said}")
    assert line.isprintable()
