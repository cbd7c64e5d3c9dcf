"""`cic-jax serve`: what it needs, and how it ends."""

import os
import re
import signal
import subprocess
import sys

import pytest
from tiny_models import tiny_model
from web_server import JPEG, Client

from cic_jax import checkpoint
from cic_jax.cli import console
from cic_jax.cli.main import main


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )


def test_other_commands_do_without_its_packages():
    ended = python(
        "import contextlib, sys; from cic_jax.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['info', '--help'])\n"
        "print('LOADED', {'starlette', 'uvicorn', 'anyio'} & set(sys.modules))"
    )
    assert ended.stdout.splitlines()[-1] == "LOADED set()"


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_what_is_not_installed_is_named(package):
    ended = python(
        f"import sys; sys.modules[{package!r}] = None\n"
        "from cic_jax.cli.main import main; main(['serve'])"
    )
    assert ended.returncode == console.UNUSABLE
    assert ended.stderr == (
        f"cic-jax: the page needs {package}, which is not installed: `pip install '.[web]'` in a "
        "clone\n"
    )


def test_a_port_that_is_taken_is_named(client, capsys):
    with pytest.raises(SystemExit) as end:
        main(["serve", f"--port={client.port}"])
    assert end.value.code == console.UNUSABLE
    error = capsys.readouterr().err
    assert error == (
        f"cic-jax: cannot listen at port {client.port} of 127.0.0.1: Address already in use\n"
    )


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(port, capsys):
    with pytest.raises(SystemExit):
        main(["serve", f"--port={port}"])
    assert "--port: expected an integer" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["", "\u00e9" * 70])
def test_a_host_that_is_none_is_refused(host, capsys):
    with pytest.raises(SystemExit) as end:
        main(["serve", f"--host={host}", "--checkpoint=none"])
    assert end.value.code == console.UNUSABLE
    assert "--host: expected a name or an address, got " in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_serves_until_interrupted(tmp_path):
    checkpoint.export(tmp_path / "model", tiny_model())
    command = [sys.executable, "-W", "error", "-m", "cic_jax.cli", "serve", "--port=0"]
    with subprocess.Popen(
        [*command, f"--checkpoint={tmp_path / 'model'}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled")},
    ) as process:
        port = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())[1]
        assert Client(int(port)).open(JPEG).status == 201
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == console.INTERRUPTED
        assert process.stderr.read() == ""
