"""Measurements of the page that `cic-jax export --web` writes, in Chromium on this machine."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cic_jax import checkpoint
from cic_jax.benchmark import process
from cic_jax.benchmark.report import Bench
from cic_jax.benchmark.timing import Work
from cic_jax.benchmark.work import Case
from cic_jax.model import Model, build, describe

MODELS = ("everyday", "simplified_final")
TINY = Case("simplified", 0.05, 1, 256)
SMALL, LARGE = (400, 300), (4000, 3000)  # width and height of the photographs
# Headers by which a host lets a page use threads.
ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
KINDS: dict[str, Mapping[str, str]] = {"one thread": {}, "threads": ISOLATED}
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run")
PROGRAMS = ("chromium", "chromedriver")
PATIENCE = 300.0  # seconds for a visit or a photograph
POLL = 0.02  # seconds between two looks at the page


def browser(bench: Bench) -> None:
    """Measure a first visit to the page, and photographs that are shown and saved on it.

    The page runs on the processor, by WebAssembly, in one thread and in several.
    """
    if missing := [program for program in PROGRAMS if not shutil.which(program)]:
        bench.report.leave_out(f"browser: {', '.join(missing)} not installed")
        return
    for name in (TINY.network,) if bench.quick else MODELS:
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as opened:
            home = Path(folder)
            try:
                _write(home / "site", _model(name), name)
                pages = {
                    kind: opened.enter_context(_page(home / "site", home / kind, headers))
                    for kind, headers in KINDS.items()
                }
            except ImportError as error:
                bench.report.leave_out(f"browser: {error}")
                return
            bench.report.measure(
                Work(f"first visit, {name}", unit="visits"),
                {kind: partial(_task, page.visit) for kind, page in pages.items()},
                facts=_downloaded,
            )
            for size in (SMALL,) if bench.quick else (SMALL, LARGE):
                photo = home / "{} x {}.jpg".format(*size)
                process.write_photograph(photo, *size)
                for verb, saved in (("shown", False), ("shown and saved", True)):
                    bench.report.measure(
                        Work(f"{photo.stem} {verb}, {name}", unit="photographs"),
                        {
                            kind: partial(_task, page.colorize, photo, saved)
                            for kind, page in pages.items()
                        },
                    )


class Page:
    """The page in a browser of its own, and its host."""

    def __init__(self, driver: Any, host: "Host") -> None:
        """Drive the browser by Selenium."""
        self._driver, self._host = driver, host

    def visit(self) -> float:
        """Open the page, wait until the network is ready and return the MB that were sent."""
        before = self._host.sent
        self._driver.get(f"http://127.0.0.1:{self._host.server_port}/?device=wasm")
        self._wait("The network is ready.")
        return (self._host.sent - before) / 1e6

    def colorize(self, photo: Path, saved: bool) -> None:
        """Choose a photograph, wait until it is shown in colour and, if asked to, save it."""
        self._driver.execute_script("document.querySelector('#status').textContent = ''")
        self._driver.find_element("css selector", "#chooser").send_keys(str(photo))
        self._wait(f"{photo.name} coloured")
        if saved:
            self._driver.find_element("css selector", "#download").click()
            self._wait(f"{photo.stem}-colour.jpg is saved")

    def _wait(self, words: str) -> None:
        from selenium.webdriver.support.wait import WebDriverWait

        text = "return ['error', 'status'].map((id) => document.getElementById(id).textContent)"

        def said(driver: Any) -> bool:
            error, status = driver.execute_script(text)
            if error:
                raise RuntimeError(f"the page says: {error}")
            return status.startswith(words)

        WebDriverWait(self._driver, PATIENCE, POLL).until(said, f"the page did not say: {words}")


class Host(ThreadingHTTPServer):
    """A host of static files, which counts the bytes that it sends."""

    def __init__(self, site: Path, headers: Mapping[str, str]) -> None:
        """Serve a folder on a free port, with headers beside the usual ones."""

        class Handler(SimpleHTTPRequestHandler):
            def end_headers(self) -> None:
                for name, value in {**headers, "Cache-Control": "no-store"}.items():
                    self.send_header(name, value)
                super().end_headers()

            def send_header(self, keyword: str, value: str) -> None:
                super().send_header(keyword, value)
                if keyword == "Content-Length":
                    host.sent += int(value)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        host = self
        self.sent = 0
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(site)))


@contextlib.contextmanager
def _page(site: Path, home: Path, headers: Mapping[str, str]) -> Iterator[Page]:
    """Host a site and open a browser, which keeps its files in `home`."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    program, driver = map(shutil.which, PROGRAMS)
    assert program is not None  # `browser` has looked
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(home)})
    with Host(site, headers) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        chrome = Chrome(options, ChromeService(driver))
        try:
            yield Page(chrome, host)
        finally:
            chrome.quit()
            host.shutdown()


def _write(folder: Path, model: Model, name: str) -> None:
    """Write the folder of `cic-jax export --web`."""
    from cic_jax.web import runtime, site

    files = runtime.kept() or runtime.fetch(runtime.registry())
    for path, content in site.site(model, name, files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _model(name: str) -> Model:
    """Return a released model, or a tiny one that is not trained."""
    if name != TINY.network:
        return checkpoint.load(name)
    return build(describe(TINY.network, width=TINY.width), TINY.create()[1])


def _task(run: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Return the run of a contender that is there already."""
    return partial(run, *arguments)


def _downloaded(_: str, megabytes: float) -> dict[str, float]:
    return {"MB": megabytes}
