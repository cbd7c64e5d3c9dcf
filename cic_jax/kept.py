"""What later processes need not compute again: files beside JAX's own compiled programs.

JAX finds a compiled program by what it was compiled from, for which a network has to be traced:
half of the time that colouring one photograph takes. A file here is found by what is known before:
the code of this package, the versions, the processor, and what the caller adds.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import sys
import uuid
from pathlib import Path

import jax

SUFFIX = ".cic_jax"
ROOM = 2**29  # bytes of all files; beyond them the ones not read for longest are removed
PACKAGES = ("jax", "jaxlib", "flax", "numpy")
CODE = ("*.py", "convolutions/*.py", "read_out/*.py", "colorize/*.py")  # what programs come from
SETTINGS = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_numpy_dtype_promotion",
    "jax_debug_nans",
    "jax_debug_infs",
    "jax_default_device",
)
DIGEST = hashlib.sha256().digest_size


def folder() -> Path | None:
    """Return the folder of compiled programs; None where JAX is told of none, or not to use it.

    None also for other devices than CPUs, for which JAX's own files have to do.
    """
    named = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    used = jax.config.jax_enable_compilation_cache and not jax.config.jax_disable_jit  # type: ignore[attr-defined]
    if not named or "://" in named or not used or jax.default_backend() != "cpu":
        return None
    return Path(named)


def name(*about: str) -> str:
    """Name what depends on `about`, on this package, its libraries, the processor and settings."""
    settings = [f"{key}={getattr(jax.config, key)}" for key in SETTINGS]
    flags = [os.environ.get("XLA_FLAGS", ""), str(jax.device_count())]
    digest = hashlib.sha256()
    for part in (_surroundings(), *settings, *flags, *about):
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()


def read(name: str) -> bytes | None:
    """Return the bytes kept under a name; None if there are none, or not those that were written.

    A file of another user counts as none.
    """
    if (within := folder()) is None:
        return None
    path = within / (name + SUFFIX)
    try:
        with path.open("rb") as file:
            if hasattr(os, "geteuid") and os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            digest, contents = file.read(DIGEST), file.read()
    except OSError:
        return None
    with contextlib.suppress(OSError):  # of a folder that can only be read
        os.utime(path)  # the latest are kept
    return contents if digest == _digest(name, contents) else None


def exists(name: str) -> bool:
    """Tell whether something is kept under a name, whole or not."""
    within = folder()
    return within is not None and (within / (name + SUFFIX)).exists()


def write(name: str, contents: bytes) -> None:
    """Keep bytes under a name, whole or not at all; where that cannot be, nothing is kept."""
    if (within := folder()) is None:
        return
    part = within / f".{uuid.uuid4().hex}.part"
    try:
        within.mkdir(parents=True, exist_ok=True)
        part.write_bytes(_digest(name, contents) + contents)
        part.replace(within / (name + SUFFIX))
        _make_room(within)
    except OSError:  # a full disk, a folder that cannot be written: later processes take longer
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _digest(name: str, contents: bytes) -> bytes:
    return hashlib.sha256(name.encode() + contents).digest()


def _make_room(within: Path) -> None:
    """Remove the files not read for longest, beyond `ROOM` bytes of all."""
    found = []
    for path in within.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # another process makes room, too
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    total = 0
    for _, size, path in sorted(found, reverse=True):
        total += size
        if total > ROOM:
            path.unlink(missing_ok=True)


@functools.cache
def _surroundings() -> str:
    """Describe code, versions and processor, which do not change while a process runs."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for pattern in CODE:
        for path in sorted(package.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    versions = [f"{package} {importlib.metadata.version(package)}" for package in PACKAGES]
    system = [platform.system(), platform.machine(), sys.version, str(os.cpu_count())]
    return "\n".join([digest.hexdigest(), *versions, *system, _processor()])


def _processor() -> str:
    """Describe the processor: programs use what this one can."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    first = cpuinfo.read_text(errors="replace").partition("\n\n")[0].splitlines()
    fields = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU part")
    return "\n".join(line for line in first if line.partition("\t")[0].strip() in fields)
