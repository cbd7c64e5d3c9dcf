"""What people see of a wrong command: one line that names what to mend, and a status but 0."""

import os
import signal
import subprocess
import sys

import pytest
from absl import app
from commands import ROOT, STARTS_ONCE

from cic_jax import entry, startup

TRAIN = ["experiments/train.py", "--config=configs/simplified.py", "--workdir={}/run"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([*TRAIN, "--config.model.network=huge"], "config.model.network must be one of"),
        ([*TRAIN, "--config.data.source=folder", "--config.data.path=/nowhere"], "/nowhere"),
        (["experiments/evaluate.py", "--workdir={}"], "no checkpoint at"),
        ([*TRAIN, "--config=configs/nowhere.py"], "--config cannot be loaded: [Errno 2] No such"),
        (
            [*TRAIN, "--config=configs/nowhere.py", "--config.train.epochs=3", "--workdir="],
            "--config cannot be loaded: [Errno 2] No such",
        ),
        (["experiments/train.py"], "train.py: expected --workdir and --config; --help says more"),
        ([*TRAIN, "--workdir="], "flag --workdir=: it must name a directory"),
        (["experiments/evaluate.py", "--workdir={}", "--config.epoch=3"], "no key 'epoch'"),
    ],
)
def test_wrong_input_is_one_line(command, said, tmp_path):
    done = run(command, tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert said in done.stderr


def test_a_device_that_is_not_there_is_one_line(tmp_path):
    command = ["experiments/evaluate.py", "--workdir=simplified_final", "--out={}"]
    done = run(command, tmp_path, JAX_PLATFORMS="nowhere")
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "evaluate.py: JAX has no device to compute on: Unable to initialize" in done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--config.train.epoch=3", "train.py: --config has no key 'epoch'"),
        ("--config.trian.epochs=3", "train.py: --config has no key 'trian'"),
        ("--config.train.epochs=many", "train.py: flag --config.train.epochs=many: could not"),
    ],
)
def test_wrong_key_or_type_is_named(option, said, tmp_path):
    done = run([*TRAIN, option], tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert said in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/runs/x"), "/runs/x: permission denied"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (app.UsageError("not an option: x"), "not an option: x"),
    ],
)
def test_what_the_system_refuses_is_one_line(error, said, capsys):
    with pytest.raises(SystemExit) as ended, entry.refusals():
        raise error
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f": {said}\n")


def test_ctrl_c_is_one_line():
    script = "from cic_jax import entry\ndef main(): raise KeyboardInterrupt\nentry.run(main)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "-c: interrupted\n"


@pytest.mark.parametrize("given", [{}, STARTS_ONCE])
def test_ctrl_c_while_libraries_are_imported_is_one_line(given):
    """The libraries are imported once, whether or not the script has to restart before."""
    script = (
        "from cic_jax import startup\nwith startup.imports(__name__):\n"
        "    import os, signal; print('on', flush=True); os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('not reached')"
    )
    environment = {key: x for key, x in os.environ.items() if key not in STARTS_ONCE}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "on\n", "-c: interrupted\n")


def test_ctrl_c_is_one_line_where_an_import_made_another_error_of_it(capsys):
    def imports():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as interrupt:
            raise ImportError from interrupt

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as ended, entry.refusals():
        imports()
    assert ended.value.code == 130
    assert capsys.readouterr().err.endswith(": interrupted\n")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_library_that_windows_lacks_is_one_line(monkeypatch):
    monkeypatch.setattr(startup, "keep_memory", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["experiments/train.py"])
    monkeypatch.setitem(sys.modules, "fcntl", None)
    for platform, error, said in (
        ("win32", SystemExit, r"^train.py: needs Linux or macOS: Windows lacks fcntl$"),
        ("linux", ModuleNotFoundError, "fcntl"),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(error, match=said), startup.imports("__main__"):
            import fcntl  # noqa: F401


def test_home_is_put_for_a_tilde_in_every_path(tmp_path):
    script = (
        "from absl import flags\nfrom cic_jax import entry\n"
        "runs = flags.DEFINE_list('runs', [], '')\nentry.run(lambda: print(*runs.value))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--runs=~/a,b~,~/c"],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [f"{tmp_path}/a", "b~", f"{tmp_path}/c"]


def test_a_reader_that_ends_early_is_no_error():
    script = "from cic_jax import entry\nentry.run(lambda: print('a table'))"
    run = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    run.stdout.close()
    assert run.stderr.read() == ""
    run.stderr.close()
    assert run.wait() == 141


def run(command, tmp_path, **variables):
    arguments = [sys.executable, *(part.format(tmp_path) for part in command)]
    environment = os.environ | STARTS_ONCE | variables
    return subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_names_do_not_act_on_the_terminal(capsys):
    with pytest.raises(SystemExit):
        entry._refuse("no photographs in a\x1b[2J")
    assert capsys.readouterr().err.endswith(r"no photographs in a\x1b[2J" + "\n")
