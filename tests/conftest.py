"""Every call in the tests checks the types and shapes that the library's signatures promise."""

import os
import signal
from pathlib import Path

# Virtual devices on few cores need more threads than cores, or collectives wait for each other.
os.environ.setdefault("NPROC", "16")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Most of the tests' time is compilation, of tiny networks: it is kept cheap, and kept.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "compiled")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")

import pytest
from jaxtyping import install_import_hook

# What starts tests in the background has them ignore Ctrl-C, and with them the commands they test.
signal.signal(signal.SIGINT, signal.default_int_handler)
install_import_hook("cic_jax", "beartype.beartype")


@pytest.fixture(scope="module")
def colorizer():
    """Of a tiny network, for the page's tests."""
    from web_server import tiny_colorizer

    return tiny_colorizer()


@pytest.fixture(scope="module")
def client(colorizer):
    """Of a page's server that colours with it."""
    from web_server import serving

    with serving(colorizer) as client:
        yield client


@pytest.fixture
def token(client):
    """Of a photograph that the server holds."""
    from web_server import JPEG

    return client.open(JPEG).json["token"]
