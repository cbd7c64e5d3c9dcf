"""Several models of a study trained at once, each by a process on cores of its own.

On a CPU the operations of a narrow network are too short to be shared well among many cores.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise

import jax

from cic_jax import machine
from cic_jax.study.published import STARTS_FROM
from cic_jax.train.interrupt import Interrupt

LOOK_EVERY = 0.2  # seconds, whether a process has ended
LEFT_TO_THE_END = ("at_once", "bring", "keep", "models")  # flags that no process is given


def waves(models: Sequence[str]) -> list[list[str]]:
    """Divide models into those to train first, and those that start from one of these."""
    later = [model for model in models if STARTS_FROM.get(model) in models]
    return [wave for wave in ([m for m in models if m not in later], later) if wave]


def shares(cores: Sequence[int], count: int) -> list[list[int]]:
    """Divide cores among `count` processes, as evenly as they can be.

    Raises ValueError for more processes than cores.
    """
    if not 1 <= count <= len(cores):
        raise ValueError(
            f"--at_once: expected at most {len(cores)}, as many as there are cores; got {count}"
        )
    size, more = divmod(len(cores), count)
    starts = [i * size + min(i, more) for i in range(count + 1)]
    return [list(cores[a:b]) for a, b in pairwise(starts)]


def train(command: Sequence[str], models: Sequence[str], count: int) -> None:
    """Train models by up to `count` processes at a time, each on a share of the cores.

    Raises ValueError as `shares` does, where JAX computes on other devices than a CPU, and where
    the system cannot bind a process to cores; SystemExit with the status of a process that failed.

    Args:
        command: The script and its flags, of a study to report on. A process trains its models
            by it, and reports nothing.
        models: Names of the models.
        count: Number of processes.
    """
    if (backend := jax.default_backend()) != "cpu":
        raise ValueError(
            f"--at_once: shares a CPU's cores; here JAX uses a {backend}: leave it out"
        )
    if not hasattr(os, "sched_setaffinity"):
        raise ValueError("--at_once: this system cannot bind a process to cores; leave it out")
    cores = shares(machine.cores(), count)
    given = list(_given(command))
    for wave in waves(models):
        parts = [wave[i::count] for i in range(min(count, len(wave)))]
        processes = []
        for part, own in zip(parts, cores, strict=False):
            flags = [*given, "--noreport", f"--models={','.join(part)}"]
            process = subprocess.Popen([sys.executable, *flags])
            os.sched_setaffinity(process.pid, own)
            processes.append(process)
        _wait(processes)


def _wait(processes: Sequence[subprocess.Popen]) -> None:
    """Wait until all have ended; Ctrl-C or SIGTERM asks them to save and stop first."""
    with Interrupt() as interrupt:
        asked = False
        while any(process.poll() is None for process in processes):
            if interrupt.requested() and not asked:
                asked = True
                for process in processes:
                    process.terminate()
            time.sleep(LOOK_EVERY)
    if failed := [process.returncode for process in processes if process.returncode]:
        raise SystemExit(abs(failed[0]))
    interrupt.pass_on()


def _given(command: Sequence[str]) -> Iterator[str]:
    """Yield a command without the flags in LEFT_TO_THE_END, each of which has a value."""
    arguments = iter(command)
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if name.lstrip("-") not in LEFT_TO_THE_END:
            yield argument
        elif not equals:
            next(arguments, None)
