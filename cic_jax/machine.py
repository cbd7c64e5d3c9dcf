"""The machine at hand: its description, its memory and its store of compiled programs.

JAX is imported on first use, so that a process can restart before loading it.
"""

import importlib.metadata
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("jax", "jaxlib", "flax", "numpy", "torch", "onnxruntime", "openvino", "scikit-image")

# XLA's CPU backend takes memory for every call and gives it back, hundreds of megabytes in a step.
# By default glibc returns it to the system each time, which then has to clear every page anew. With
# these settings it keeps what was freed, in pages of 2 MiB where the system has them; by top_pad a
# thread's pool keeps its 64 MiB when the last of it is freed. Threads keep a pool each, as is
# glibc's default: a single one would keep larger blocks, too, but compiling leaves it in so many
# pieces that in every step threads wait for one another's searches.
TUNABLES = "GLIBC_TUNABLES"
KEEP = ":".join(
    f"glibc.malloc.{setting}"
    for setting in ("hugetlb=1", "mmap_max=0", "trim_threshold=1099511627776", "top_pad=134217728")
)

CPUINFO = Path("/proc/cpuinfo")
# Sets of instructions on which the speed of arithmetic depends, by their names in /proc/cpuinfo.
INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}

COMPILED = "~/.cache/cic_jax/compiled"  # compiled programs, so that later processes start sooner
CACHE = "JAX_COMPILATION_CACHE_DIR"
WORTH_KEEPING = 0.03  # seconds of compilation; JAX's default of a second leaves out most programs


def describe() -> dict[str, Any]:
    """Describe processor, cores, JAX's device, system, load, versions and commit of the code.

    Packages that are not installed are left out. The load is the mean over the last minute. The
    "commit" is None outside a clone; one with changes ends in "-dirty". "instructions" are those of
    `INSTRUCTIONS` that the processor has.
    """
    import jax

    processor = _processor()
    flags = processor.get("flags", "").split()
    # A virtual machine's name may leave out what tells one generation from the next.
    generation = [
        f"{name} {processor[name]}" for name in ("cpu family", "model") if name in processor
    ]
    installed = {package.metadata["Name"].lower() for package in importlib.metadata.distributions()}
    return {
        "processor": ", ".join([processor.get("model name", platform.machine()), *generation]),
        "instructions": ", ".join(x for x in INSTRUCTIONS if x in flags) or "unknown",
        "cores": len(cores()),
        "device": jax.devices()[0].device_kind,
        "system": platform.platform(),
        "load before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "commit": commit(Path(__file__).parent),
        **{name: importlib.metadata.version(name) for name in PACKAGES if name in installed},
    }


def cores() -> list[int]:
    """List the cores that this process may run on; all of them where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def multiplies_bfloat16() -> bool:
    """Tell whether the processor has instructions for products of bfloat16 numbers.

    False where the system does not list them in /proc/cpuinfo.
    """
    return not BFLOAT16.isdisjoint(_processor().get("flags", "").split())


def _processor() -> dict[str, str]:
    """Return what /proc/cpuinfo says about the last core; nothing on other systems."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    fields = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in fields}


def commit(folder: Path) -> str | None:
    """Name the commit of the clone that `folder` is tracked in; None without a clone or Git.

    It ends in "-dirty" where tracked files differ from it.
    """
    git = ["git", "-C", str(folder)]
    try:
        tracked = subprocess.run(
            [*git, "ls-files", "--error-unmatch", "."], capture_output=True, check=False
        )
        if tracked.returncode:  # no clone, or a package installed inside somebody else's
            return None
        named = [*git, "describe", "--always", "--dirty", "--exclude=*"]
        return subprocess.run(named, capture_output=True, check=True, text=True).stdout.strip()
    except FileNotFoundError:  # no Git
        return None


def missing_device() -> str | None:
    """Say in one line why JAX has no device to compute on; None if it has one."""
    import jax

    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # the latter where JAX lacks a plugin for it
        platforms = jax.config.jax_platforms  # type: ignore[attr-defined]
        reason = str(error) or f"nothing is installed for JAX_PLATFORMS={platforms}"
        return f"JAX has no device to compute on: {reason.splitlines()[0]}"
    return None


def keep_memory() -> None:
    """Restart this process with glibc told to keep freed memory, which it reads at start-up.

    Does nothing on systems without glibc, or if GLIBC_TUNABLES is already set.
    """
    if platform.libc_ver()[0] == "glibc" and TUNABLES not in os.environ:
        environment = os.environ | {TUNABLES: KEEP}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def keep_compiled(folder: str | Path = COMPILED) -> None:
    """Keep compiled programs in `folder`, where later processes find them.

    A folder that the environment names by JAX_COMPILATION_CACHE_DIR takes precedence. One that
    cannot be made is not used, and one that cannot be written is only read: JAX would warn.
    """
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    if CACHE not in os.environ:
        folder = Path(folder).expanduser().absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        worth = WORTH_KEEPING if os.access(folder, os.W_OK) else math.inf
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", worth)
        compilation_cache.reset_cache()  # JAX looks for a folder once, at the first program
