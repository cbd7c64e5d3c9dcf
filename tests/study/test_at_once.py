"""Models trained at once: who trains what, on which cores, and what becomes of the processes."""

import json
import os
import signal
import threading
import time

import pytest

from cic_jax import machine
from cic_jax.study import at_once

TELLS = """
import json, os, pathlib, sys, time
time.sleep(0.3)  # until the cores are set
name = sys.argv[-1].removeprefix("--models=")
told = {"flags": sys.argv[1:], "cores": sorted(os.sched_getaffinity(0))}
pathlib.Path(__file__).with_name(name).write_text(json.dumps(told))
"""
STOPS = """
import pathlib, signal, sys
def stop(*_):
    pathlib.Path(__file__).with_name("saved").touch()
    sys.exit(3)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(__file__).with_name("ready").touch()
signal.pause()
"""


@pytest.fixture
def two_cores(monkeypatch):
    if len(os.sched_getaffinity(0)) < 2:
        monkeypatch.setattr(machine, "cores", lambda: [*os.sched_getaffinity(0)] * 2)
    else:
        monkeypatch.setattr(machine, "cores", lambda: sorted(os.sched_getaffinity(0))[:2])
    return machine.cores()


def test_what_starts_from_another_model_comes_after_it():
    models = ["simplified_final", "unbalanced", "simplified"]
    assert at_once.waves(models) == [["unbalanced", "simplified"], ["simplified_final"]]
    assert at_once.waves(models[:2]) == [models[:2]]  # the other was trained before
    assert at_once.waves(["simplified"]) == [["simplified"]]


@pytest.mark.parametrize("cores", [1, 2, 5, 16])
def test_every_core_is_in_one_share(cores):
    for count in range(1, cores + 1):
        shares = at_once.shares(range(cores), count)
        assert [core for share in shares for core in share] == list(range(cores))
        assert {len(share) for share in shares} <= {cores // count, -(-cores // count)}
    with pytest.raises(ValueError, match=f"at most {cores}, .* got {cores + 1}"):
        at_once.shares(range(cores), cores + 1)


def test_each_process_has_its_models_and_cores(tmp_path, two_cores):
    script = tmp_path / "script.py"
    script.write_text(TELLS)
    flags = ["--workdir=x", "--models=a", "--at_once", "2", "-bring=y", "--config.data.size=48"]
    models = ["simplified", "simplified_final", "euclidean", "unbalanced"]
    at_once.train([str(script), *flags], models, 2)
    told = {
        path.name: json.loads(path.read_text()) for path in tmp_path.iterdir() if path != script
    }
    assert set(told) == {"simplified,unbalanced", "euclidean", "simplified_final"}
    for name, process in told.items():
        kept = ["--workdir=x", "--config.data.size=48", "--noreport", f"--models={name}"]
        assert process["flags"] == kept
    bound = [told[name]["cores"] for name in ("simplified,unbalanced", "euclidean")]
    assert bound == [[core] for core in two_cores]


def test_other_devices_than_a_cpu_are_not_shared(monkeypatch):
    monkeypatch.setattr(at_once.jax, "default_backend", lambda: "gpu")
    with pytest.raises(ValueError, match="here JAX uses a gpu"):
        at_once.train(["script.py"], ["unbalanced"], 1)


def test_a_process_that_fails_ends_the_command_with_its_status(tmp_path, two_cores):
    script = tmp_path / "script.py"
    script.write_text("import sys; sys.exit(7 * sys.argv[-1].endswith('euclidean'))")
    with pytest.raises(SystemExit) as ended:
        at_once.train([str(script)], ["unbalanced", "euclidean"], 2)
    assert ended.value.code == 7


def test_sigterm_lets_the_processes_save(tmp_path, two_cores):
    script = tmp_path / "script.py"
    script.write_text(STOPS)

    def stop():
        while not (tmp_path / "ready").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(SystemExit) as ended:
        at_once.train([str(script)], ["unbalanced"], 2)
    thread.join()
    assert ended.value.code == 3
    assert (tmp_path / "saved").exists()
