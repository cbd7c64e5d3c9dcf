"""Hosts of a cluster as processes of this machine."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 900  # in which any of them must end, on a machine that has other work too


def free_port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running(arguments, folder, hosts=2):
    """Start a process for each host; `arguments` is (port, host) -> those of Python."""
    processes = _start(arguments, folder, hosts)
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _start(arguments, folder, hosts):
    port = free_port()
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)])
    processes = []
    for host in range(hosts):
        with (folder / f"host_{host}.txt").open("w") as said:
            processes.append(
                subprocess.Popen(
                    [sys.executable, *map(str, arguments(port, host))],
                    env=os.environ | {"PYTHONPATH": paths},
                    stdout=said,
                    stderr=said,
                )
            )
    return processes


def said(folder, host):
    """What a host has printed so far, but for the notes of the library that connects CPUs."""
    lines = (folder / f"host_{host}.txt").read_text(errors="replace").splitlines()
    return [line for line in lines if not line.startswith("[Gloo]")]


def wait_until(happened, processes):
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert all(process.poll() is None for process in processes), "one has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def statuses(processes):
    return [process.wait(SECONDS) for process in processes]
