"""Measurements of whole processes: their peak memory, and a large photograph for them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from cic_jax import machine

ROOT = Path(__file__).parents[2]

# A process inherits the peak of the one that starts it, so a small one starts it.
WATCH = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
sys.exit(status)
"""
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss


class Spent(NamedTuple):
    """What a process took."""

    peak: float  # of resident memory, in MiB
    seconds: float  # of processor time


def peak_memory(command: list[str], **environment: str) -> float:
    """Run `python command` as from a shell; return its peak resident memory in MiB.

    Raises RuntimeError if it fails.
    """
    return spent(command, ROOT, **environment).peak


def spent(command: list[str], root: Path, **environment: str) -> Spent:
    """Run `python command` as from a shell in `root`, whose package it imports.

    Raises RuntimeError if it fails.
    """
    # Set by this process, not by a shell.
    inherited = dict(os.environ.items() - {machine.TUNABLES: machine.KEEP}.items())
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have theirs compiled
    done = subprocess.run(
        [sys.executable, "-S", "-c", WATCH, sys.executable, *command],
        env={**inherited, "PYTHONPATH": str(root), **environment},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"python {' '.join(command)}: {reason}")
    peak, seconds = done.stdout.split()
    return Spent(int(peak) * UNIT / 2**20, float(seconds))


def write_photograph(path: Path, width: int, height: int) -> None:
    """Write a JPEG of smooth noise over a gradient."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(60, 180, height, dtype=np.float32)[:, None, None]
    rgb = np.broadcast_to(ramp, (height, width, 3)).copy()
    for octave in range(1, 7):
        coarse = rng.normal(0, 60 / octave, (2**octave, 2**octave, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(coarse[..., channel])
            large = layer.resize((width, height), Image.Resampling.BICUBIC)
            rgb[..., channel] += np.asarray(large)
    Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(path, quality=95)
