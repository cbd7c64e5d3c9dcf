"""The folder of `cic-jax export --web`: threads, graphics, many photographs, other servers."""

from contextlib import ExitStack, closing

import photo_files
import pytest
from tiny_models import tiny_model
from web_page import ERROR, IN_A_BROWSER, changed, picture, settle
from web_site import Offline, Server, assert_alike, open_photo, ready, saved

from cic_jax import Colorizer, checkpoint
from cic_jax.cli.main import main

pytest.importorskip("onnx", reason="ONNX is not installed")
pytestmark = IN_A_BROWSER

# Vulkan on the processor, as a stand-in for a graphics card.
EMULATED = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
)


@pytest.fixture
def browsers(tmp_path):
    """Opens browsers, which are closed in the end."""
    with ExitStack() as stack:
        yield lambda *flags: stack.enter_context(closing(Offline(tmp_path, *flags)))


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
