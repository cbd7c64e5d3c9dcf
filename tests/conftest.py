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
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import pytest
from jaxtyping import install_import_hook

# What starts tests in the background has them ignore Ctrl-C, and with them the commands they test.
signal.signal(signal.SIGINT, signal.default_int_handler)
install_import_hook("cic_jax", "beartype.beartype")


@pytest.fixture(scope="session", autouse=True)
def ghostscript():
    """Stand in for Ghostscript, installed or not: PostScript that reaches it is a photograph."""
    from photo_files import picture
    from PIL import EpsImagePlugin

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: picture(0).im)
        yield


@pytest.fixture(scope="module")
def colorizer():
    """Of a tiny network, for the page's tests."""
    from web_server import tiny_colorizer

    return tiny_colorizer()


@pytest.fixture(scope="module")
def client(colorizer):
    """Of a page's server that colours with it."""
    from web_server import serving

    from cic_jax.web.limits import Limits

    with serving(colorizer, Limits(seconds=240.0)) as client:  # on a machine that others use
        yield client


@pytest.fixture
def token(client):
    """Of a photograph that the server holds."""
    from web_server import JPEG

    return client.open(JPEG).json["token"]


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """A browser without a screen, for the page's tests."""
    from browser import Browser

    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def page(window, client):
    """The page, just opened; in the end it has asked nobody else and complained of nothing."""
    from web_page import WIDE

    window.size(*WIDE)
    window.forget(client.url)
    window.requests()
    window.open(client.url)
    window.wait("document.querySelectorAll('#samples img').length === 5")
    yield window
    inner = ("blob:", "data:", "chrome:")  # the last: the browser's own start page, loading late
    asked = [url for url in window.requests() if not url.startswith(inner)]
    assert asked
    assert [url for url in asked if not url.startswith(client.url)] == []
    complaints = [entry["message"] for entry in window.log("browser")]
    # What is refused or has been forgotten is said in the log, too.
    expected = ("422 (Unprocessable", "404 (Not Found")
    assert [text for text in complaints if not any(x in text for x in expected)] == []


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """The file of a grey photograph, to open on the page."""
    import photo_files

    path = tmp_path_factory.mktemp("photos") / "holiday.webp"
    path.write_bytes(photo_files.encode(photo_files.picture(5, (1300, 800)).convert("L"), "WEBP"))
    return path


@pytest.fixture
def opened(page, photo):
    """The page with that photograph on it, at rest."""
    from web_page import STATUS, settle

    page.type("#chooser", str(photo))
    page.wait(f"{STATUS}.startsWith('holiday.webp coloured')")
    settle(page)
    return page


@pytest.fixture(scope="module")
def release():
    """Random weights by the names and shapes of the release, for the tests of its conversion."""
    from torch_weights import draw, release_shapes

    return draw(release_shapes())


@pytest.fixture(scope="module")
def torch():
    """PyTorch itself, where it is installed."""
    return pytest.importorskip("torch", reason="PyTorch is not installed")
