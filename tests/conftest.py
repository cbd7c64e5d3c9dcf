"""Every call in the tests checks the types and shapes that the library's signatures promise."""

import os

# Virtual devices on few cores need more threads than cores, or collectives wait for each other.
os.environ.setdefault("NPROC", "16")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest
from jaxtyping import install_import_hook

install_import_hook("cic_jax", "beartype.beartype")


@pytest.fixture(scope="session", autouse=True)
def compile_once(tmp_path_factory):
    """Runs that repeat a program within the tests take it from a cache."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
