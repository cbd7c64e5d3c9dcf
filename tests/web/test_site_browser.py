"""The folder of `cic-jax export --web` in a real browser, with the network off."""

import threading
import zipfile
from contextlib import ExitStack, closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import browser
import jax.numpy as jnp
import numpy as np
import photo_files
import pytest
from browser import Browser
from PIL import Image
from tiny_models import tiny_model
from web_page import (
    ERROR,
    IN_A_BROWSER,
    SHOWN,
    STATUS,
    WIDE,
    changed,
    colourfulness,
    picture,
    settle,
)

from cic_jax import Colorizer, checkpoint, ciede2000, lab, scenes
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.colorize import hints

pytest.importorskip("onnx", reason="ONNX is not installed")
pytestmark = IN_A_BROWSER

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# Vulkan on the processor, as a stand-in for a graphics card.
EMULATED = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
)
LOCAL = ("http://127.0.0.1:", "blob:", "data:", "chrome:")
COLOUR = "#8b0000"


class Server(ThreadingHTTPServer):
    """Serves a folder, and counts what it is asked for."""

    def __init__(self, folder, **headers):
        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self):
                self.server.asked.append(self.path)
                super().do_GET()

            def end_headers(self):
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                super().end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), partial(Handler, directory=folder))
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Offline(Browser):
    """A browser that finds no other machine, and has asked none in the end."""

    def __init__(self, folder, *flags):
        super().__init__(folder, OFFLINE, *flags)
        self.size(*WIDE)

    def close(self):
        asked = self.requests()
        super().close()
        assert [url for url in asked if not url.startswith(LOCAL)] == []


@pytest.fixture(scope="module", autouse=True)
def patience():
    """Half of what runs here runs on emulated hardware."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(browser, "SECONDS", 120.0)
        yield


@pytest.fixture
def browsers(tmp_path):
    """Opens browsers, which are closed in the end."""
    with ExitStack() as stack:
        yield lambda *flags: stack.enter_context(closing(Offline(tmp_path, *flags)))


def ready(page, url):
    page.open(url)
    page.until(lambda: page.value(STATUS) == "The network is ready." or page.value(ERROR))
    assert page.value(ERROR) == ""


def open_photo(page, *paths):
    """Choose files, of which the first is coloured."""
    page.script("document.querySelector('#status').textContent = ''")
    page.type("#chooser", "\n".join(map(str, paths)))
    page.wait(f"{STATUS}.startsWith('{paths[0].name} coloured') || {ERROR}")
    assert page.value(ERROR) == ""


def saved(page, name):
    page.click("#download")
    page.wait(f"{STATUS} === '{name} is saved.' || {ERROR}")
    path = page.downloads / name
    page.until(path.exists)
    pixels = np.asarray(Image.open(path).convert("RGB"))
    path.unlink()
    return pixels


def assert_alike(found, expected, plain=None):
    """Of the same colours, to what is promised; and not of those without what was asked for."""
    one, other = (lab.from_uint8(jnp.asarray(x)) for x in (found, expected))
    difference = np.asarray(ciede2000.difference(one, other))
    assert np.mean(difference) < 0.1
    assert np.quantile(difference, 0.99) < 1
    if plain is not None:
        other = lab.from_uint8(jnp.asarray(plain))
        assert np.mean(ciede2000.difference(one, other)) > 1


@pytest.fixture(scope="module")
def grey():
    return Image.fromarray(scenes.draw(0, 2, 320).image).convert("L").crop((0, 0, 320, 240))


@pytest.fixture(scope="module")
def ours(grey):
    """The command's own model, and its prediction."""
    colorizer = Colorizer.restore("everyday")
    return colorizer, colorizer.predict(grey)


@pytest.fixture(scope="module")
def page(tmp_path_factory, grey):
    """The released model's page, without a network or a server, and two photographs on it."""
    folder = tmp_path_factory.mktemp("everyday")
    assert main(["export", "everyday", "--web", f"--out={folder / 'site'}"]) == console.DONE
    grey.save(folder / "first.png")
    turned = photo_files.turned(photo_files.picture(8, (90, 60)))
    (folder / "second.jpg").write_bytes(turned)
    server = Server(folder / "site")
    with closing(Offline(folder)) as page:
        try:
            ready(page, server.url)
        finally:
            server.stop()
        open_photo(page, folder / "first.png", folder / "second.jpg")
        yield page


def test_a_photograph_is_coloured_with_no_network_and_no_server(page, ours):
    assert "(one thread)" in page.text("footer")
    assert colourfulness(picture(page, "#before")) < 1
    colorizer, prediction = ours
    assert_alike(saved(page, "first-colour.png"), colorizer.render(prediction))


def test_grey_is_left_of_the_seam_and_every_pixel_can_be_chosen(page):
    page.script(
        "const slider = document.querySelector('#divider'); slider.value = 25;"
        "slider.dispatchEvent(new Event('input'))"
    )
    box = "document.querySelector('#{}').getBoundingClientRect()"
    sizes = [
        page.value(f"[{box.format(name)}].map(x => [x.width, x.height])[0]")
        for name in ("stage", "layer", "picker", "before", "after")
    ]
    np.testing.assert_allclose(sizes, sizes[:1] * len(sizes), atol=1)
    at = (
        f"document.elementsFromPoint({box.format('stage')}.left + arguments[0] * "
        f"{box.format('stage')}.width, {box.format('stage')}.top + 9).map(x => x.id)"
    )
    for x, above in ((0.2, ["picker", "before", "after"]), (0.3, ["picker", "after"])):
        assert page.script(f"return {at}", x)[: len(above)] == above


def test_vividness_and_another_colouring(page, ours):
    colorizer, prediction = ours
    before = picture(page, "#after")
    page.type("#vividness", "End")
    page.type("#candidates input:checked", "Right", "Right")
    changed(page, before)
    usual = colorizer.render(prediction)
    expected = colorizer.candidates(prediction, 4, tau=1.0)[2]
    assert_alike(saved(page, "first-colour.png"), expected, usual)
    page.click("#reset")


def test_a_colour_is_given_to_a_thing(page, ours, grey):
    page.script("document.querySelector('#own-colour').value = arguments[0]", COLOUR)
    page.click("#picker")
    page.wait("document.querySelectorAll('#distribution [data-p]').length === 313")
    source = page.value(SHOWN)
    page.click("#give")
    page.wait(f"{SHOWN} !== '{source}'")
    style = "document.querySelector('#cross').style.getPropertyValue"
    x, y = (page.value(f"{style}('--{axis}')") for axis in "xy")
    colorizer, prediction = ours
    hint = hints.parse(f"{x},{y},{COLOUR}", *grey.size)
    expected = colorizer.render(colorizer.predict(grey, hints=[hint]))
    assert_alike(saved(page, "first-colour.png"), expected, colorizer.render(prediction))
    page.click("#clear")


def test_several_photographs_are_saved_at_once(page):
    page.click("#album li:nth-child(2) .open")
    page.wait("document.querySelector('#about-file').textContent.includes('60 × 90, JPEG')")
    page.wait("!document.querySelector('#zip').disabled")
    page.click("#zip")
    page.wait(f"{STATUS} === '2 photographs are saved in coloured.zip.'")
    page.until((page.downloads / "coloured.zip").exists)
    with zipfile.ZipFile(page.downloads / "coloured.zip") as archive:
        assert archive.testzip() is None
        images = {name: Image.open(archive.open(name)) for name in archive.namelist()}
        assert {name: (x.format, x.size) for name, x in images.items()} == {
            "first-colour.png": ("PNG", (320, 240)),
            "second-colour.jpg": ("JPEG", (60, 90)),
        }


def test_what_is_no_photograph_costs_one_line(page, tmp_path):
    (tmp_path / "notes.png").write_text("no photograph")
    before = page.text("#about-file")
    page.type("#chooser", str(tmp_path / "notes.png"))
    line = page.wait(ERROR)
    assert line.startswith("notes.png: no photograph of a kind that this browser reads (JPEG, PNG")
    page.until(lambda: page.text("#about-file") == before)  # what was open comes back


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The folder of a tiny network, and a colouring by it."""
    folder = tmp_path_factory.mktemp("tiny")
    built = tiny_model(gain=30.0)
    checkpoint.export(folder / "model", built, "float32")
    main(["export", str(folder / "model"), "--web", f"--out={folder / 'site'}"])
    photo = photo_files.picture(5, (80, 60)).convert("L")
    photo.save(folder / "grey.png")
    return folder, Colorizer(built)(photo)


@pytest.mark.parametrize(
    ("device", "flags", "said"),
    [("wasm", (), "processor (2 threads)"), ("webgpu", EMULATED, "graphics processor.")],
)
def test_threads_and_graphics_processors_colour_alike(browsers, tiny, device, flags, said):
    folder, expected = tiny
    isolated = {
        "Cross_Origin_Opener_Policy": "same-origin",
        "Cross_Origin_Embedder_Policy": "require-corp",
    }
    server, page = Server(folder / "site", **isolated), browsers(*flags)
    page.devtools("Emulation.setHardwareConcurrencyOverride", hardwareConcurrency=2)
    try:
        ready(page, f"{server.url}?device={device}")
        assert said in page.text("footer")
        open_photo(page, folder / "grey.png")
        assert_alike(saved(page, "grey-colour.png"), expected)
    finally:
        server.stop()


def test_more_photographs_than_are_held_at_a_time_and_a_reload(browsers, tiny, tmp_path):
    folder, _ = tiny
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        photo_files.picture(number, (64, 48)).convert("L").save(path)
    all_done = "document.querySelector('#count').textContent === '6 of 6 coloured.'"
    server, page = Server(folder / "site"), browsers()
    try:
        ready(page, server.url)
        page.type("#chooser", "\n".join(map(str, paths)))
        page.wait(all_done)
        for _ in range(2):
            page.click("#album li:first-child .open")  # which was opened longest ago
            settle(page)
            before = picture(page, "#after")
            page.type("#candidates input:checked", "Right")
            changed(page, before)
            page.click("#reset")
            ready(page, server.url)
            page.wait(all_done)
            assert page.value(ERROR) == ""
    finally:
        server.stop()


def test_the_page_and_the_thread_that_colours_reach_no_other_server(browsers, tiny):
    folder, _ = tiny
    own, other, page = Server(folder / "site"), Server(folder), browsers()
    ask = f"fetch('{other.url}model').then(() => 'answered', () => 'refused')"
    try:
        page.open(own.url)
        page.script(
            f"""window.told = [];
            const told = (text) => window.told.push(text);
            {ask}.then(told);
            const blob = new Blob([`{ask}.then(postMessage)`], {{ type: 'text/javascript' }});
            const worker = new Worker(URL.createObjectURL(blob), {{ type: 'module' }});
            worker.onmessage = ({{ data }}) => told(data);"""
        )
        assert page.wait("told.length === 2 && told") == ["refused", "refused"]
        assert other.asked == []
    finally:
        own.stop()
        other.stop()
