"""The machine is described, and keeps memory and compiled programs where it is told to."""

import json
import math
import os
import platform
import subprocess
import sys

import jax
import pytest

from cic_jax import entry, machine


def test_description_names_the_machine_and_the_packages():
    described = machine.describe()
    assert described["jax"] == jax.__version__
    assert described["cores"] == len(machine.cores()) <= os.cpu_count()
    assert described["processor"]
    assert "openvino" not in described or described["openvino"]
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize(
    ("flags", "named", "multiplies"),
    [
        ("flags : fpu fma avx2", "avx2, fma", False),
        ("flags : avx2 avx512_bf16", "avx2, avx512_bf16", True),
        ("flags : amx_bf16 amx_tile", "amx_bf16", True),
        ("model name : another", "unknown", False),
        (None, "unknown", False),
    ],
)
def test_the_processor_says_what_it_multiplies(flags, named, multiplies, tmp_path, monkeypatch):
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\n{flags}\n")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    assert machine.describe()["instructions"] == named
    assert machine.multiplies_bfloat16() == multiplies


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this system's malloc is another")
@pytest.mark.parametrize("given", [None, "glibc.malloc.check=0"])
def test_a_process_starts_anew_once_unless_its_memory_is_settled(given):
    script = "import os; from cic_jax import entry; print('on'); entry.keep_memory(); " + (
        "print(os.environ['GLIBC_TUNABLES'])"
    )
    environment = {key: x for key, x in os.environ.items() if key != machine.TUNABLES}
    environment |= {} if given is None else {machine.TUNABLES: given}
    command = [sys.executable, "-u", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["on", "on", machine.KEEP] if given is None else ["on", given])
    assert not done.stderr


def test_entry_offers_the_same_function():
    assert entry.keep_memory is machine.keep_memory


@pytest.mark.parametrize("named", [False, True])
def test_compiled_programs_are_kept_in_one_folder(named, tmp_path):
    script = f"""
import jax
from cic_jax import machine
machine.keep_compiled({str(tmp_path / "given")!r})
print(jax.config.jax_compilation_cache_dir)
"""
    environment = {key: x for key, x in os.environ.items() if key != machine.CACHE}
    environment |= {machine.CACHE: str(tmp_path / "named")} if named else {}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path / ("named" if named else "given"))


@pytest.mark.parametrize("fault", ["cannot be made", "can only be read"])
def test_a_folder_that_takes_no_programs_makes_jax_warn_of_nothing(fault, tmp_path, monkeypatch):
    settings = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = [getattr(jax.config, name) for name in settings]
    monkeypatch.delenv(machine.CACHE, raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may do all
    made = fault == "can only be read"
    folder = tmp_path / ("folder" if made else "file/none")
    try:
        machine.keep_compiled(folder)
        after = [getattr(jax.config, name) for name in settings]
    finally:
        for name, value in zip(settings, before, strict=True):
            jax.config.update(name, value)
    assert after == ([str(folder), math.inf] if made else before)
