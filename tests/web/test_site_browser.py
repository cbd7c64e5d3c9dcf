"""The folder of `cic-jax export --web` in a real browser, with the network off."""

import zipfile
from contextlib import closing

import numpy as np
import photo_files
import pytest
from PIL import Image
from web_page import ERROR, IN_A_BROWSER, SHOWN, STATUS, changed, colourfulness, picture
from web_site import Offline, Server, assert_alike, open_photo, ready, saved

from cic_jax import Colorizer, scenes
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.colorize import hints

pytest.importorskip("onnx", reason="ONNX is not installed")
pytestmark = IN_A_BROWSER

COLOUR = "#8b0000"


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
