"""Several photographs, and one that is looked at closely, in a real browser."""

import io
import zipfile

import numpy as np
import photo_files
import pytest
from PIL import Image, ImageCms
from web_page import ERROR, IN_A_BROWSER, NARROW, SHOWN, STATUS, changed, picture, renewed, settle

pytestmark = IN_A_BROWSER

COUNT = "document.querySelector('#count').textContent"
STATES = "[...document.querySelectorAll('#album li')].map((row) => row.dataset.state)"
WELCOMED = "!document.querySelector('#welcome').hidden"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A hundred scans with what a scanner wrote, a file that is broken, and one that is none."""
    root = tmp_path_factory.mktemp("scans")
    (root / "below").mkdir()
    exif = Image.Exif()
    exif[0x010E] = "Grandmother, 1931"
    for k in range(100):
        file = photo_files.picture(k, (48, 40)).convert("L")
        path = root / "below" / f"scan {k:02}.jpg"
        path.write_bytes(photo_files.encode(file, exif=exif, icc_profile=SRGB))
    (root / "broken.png").write_bytes(b"nothing")
    (root / "notes.txt").write_text("no photograph")
    return root


def test_a_hundred_files_in_one_go_survive_a_reload(page, client, folder):
    page.drop(folder)
    page.wait(f"{STATES}.length === 101")  # each but the last is kept by then
    coloured = int(page.value(COUNT).split()[0])
    page.until(lambda: int(page.value(COUNT).split()[0]) > coloured + 1)
    page.open(client.url)  # in the middle
    page.wait(f"{STATES}.length === 101")
    page.until(lambda: page.value(COUNT) == "100 of 101 coloured, 1 failed.", "the end", 400)
    broken = page.text("#album [data-state=failed]")
    assert "broken.png" in broken
    assert "no photograph of a kind that is read" in broken
    page.click("#zip")
    saved = page.downloads / "coloured.zip"
    page.wait(f"{STATUS} === '100 photographs are saved in coloured.zip.'")
    page.until(saved.exists)
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [f"scan {k:02}-colour.jpg" for k in range(100)]
        with Image.open(io.BytesIO(archive.read("scan 07-colour.jpg"))) as image:
            assert (image.mode, image.size) == ("RGB", (48, 40))
            assert image.getexif()[0x010E] == "Grandmother, 1931"
            assert image.info["icc_profile"]
    page.click("#empty")
    page.wait(WELCOMED)
    page.open(client.url)
    page.wait("document.querySelectorAll('#samples img').length === 5")
    assert page.value(WELCOMED)


def test_what_is_no_photograph_in_a_folder_is_counted(page, folder):
    page.script("document.querySelector('#empty').click()")
    page.type("#folder", str(folder))
    assert page.wait(ERROR) == "1 files of the folder are no photographs and were left out"
    page.click("#cancel")
    page.wait("!document.querySelector('#again').hidden")
    assert page.value(f"{STATES}.includes('stopped')")


def test_ones_own_photograph_is_seen_at_once_and_can_be_cancelled(page, colorizer, photo):
    colorizer.gate.clear()
    try:
        page.type("#chooser", str(photo))
        page.wait("document.querySelector('#before').naturalWidth === 1300")
        assert page.value("getComputedStyle(document.querySelector('#before')).clipPath") == "none"
        page.wait("document.querySelector('#doing').textContent.startsWith('Colouring holiday')")
        assert page.value("!document.querySelector('#bar').hasAttribute('value')")
        page.click("#cancel")
        page.wait(WELCOMED)
        assert page.value(STATUS) == "holiday.webp was cancelled."
    finally:
        colorizer.gate.set()


def test_nothing_of_the_last_photograph_stays(opened, colorizer, photo):
    assert opened.value("document.querySelectorAll('#candidates img[hidden]').length") == 0
    opened.click("#picker")
    opened.wait("!document.querySelector('#inspector').hidden")
    colorizer.gate.clear()
    try:
        opened.type("#chooser", str(photo))
        opened.wait("document.querySelector('#after').hidden")
        assert opened.value("document.querySelectorAll('#candidates img[hidden]').length") == 4
        assert opened.value("document.querySelector('#inspector').hidden")
    finally:
        colorizer.gate.set()
    opened.wait(f"{STATUS}.startsWith('holiday.webp coloured')")


def test_it_is_looked_at_pixel_by_pixel(opened):
    opened.click("#actual")
    opened.wait("document.querySelector('#after').naturalWidth === 1300")
    box = "document.querySelector('#before').getBoundingClientRect().toJSON()"
    assert opened.value(box)["width"] == pytest.approx(1300, abs=2)
    left = opened.value(box)["left"]
    opened.type("#picker", "d")
    assert opened.value(box)["left"] < left
    assert opened.value("document.querySelector('#cross').hasAttribute('hidden')")
    opened.type("#picker", "0")
    assert opened.value("document.querySelector('#fit').disabled")

    opened.click("#closer")
    place = opened.value("document.querySelector('#picker').getBoundingClientRect().toJSON()")
    stage = opened.value("document.querySelector('#stage').getBoundingClientRect().toJSON()")
    x, y = stage["left"] + 100, stage["top"] + 100
    for kind, dx in (("mousePressed", 0), ("mouseMoved", 40), ("mouseReleased", 40)):
        opened.devtools(
            "Input.dispatchMouseEvent", type=kind, x=x + dx, y=y, button="left", buttons=1,
            clickCount=1,
        )  # fmt: skip
    moved = opened.value("document.querySelector('#picker').getBoundingClientRect().toJSON()")
    assert moved["left"] == pytest.approx(place["left"] + 40, abs=2)
    assert opened.value("document.querySelector('#cross').hasAttribute('hidden')")  # a drag


def test_a_held_key_shows_the_grey_one(opened):
    part = "getComputedStyle(document.querySelector('#before')).clipPath"
    opened.script("document.querySelector('#hold').dispatchEvent(new PointerEvent('pointerdown'))")
    assert opened.value(part) == "none"
    opened.script("document.querySelector('#hold').dispatchEvent(new PointerEvent('pointerup'))")
    assert opened.value(part) == "inset(0px 50% 0px 0px)"


def test_settings_are_undone_and_survive_a_reload(opened, client):
    usual = picture(opened, "#after")
    larger = renewed(opened, lambda: opened.type("#size", "512"))
    assert np.abs(larger - usual).mean() > 0.1
    vivid = renewed(opened, lambda: opened.type("#vividness", "End"))
    opened.open(client.url)
    opened.wait(f"{SHOWN}.startsWith('blob:')")
    settle(opened)
    np.testing.assert_allclose(picture(opened, "#after"), vivid)
    assert opened.value("document.querySelector('#vividness').value") == "1"
    for button, expected in (("#undo", larger), ("#undo", usual), ("#redo", larger)):
        found = renewed(opened, lambda button=button: opened.click(button))
        np.testing.assert_allclose(found, expected)


def test_a_photograph_that_the_server_has_forgotten_is_sent_again(opened, client):
    client.page.store._held.clear()
    usual = picture(opened, "#after")
    opened.type("#candidates input:checked", "Right", "Right")
    changed(opened, usual)
    assert opened.value(ERROR) == ""


def test_before_and_after_are_saved_together(opened):
    opened.click("#compare")
    saved = opened.downloads / "holiday-comparison.jpg"
    opened.wait(f"{STATUS} === 'holiday-comparison.jpg is saved.'")
    opened.until(saved.exists)
    with Image.open(saved) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape == (800 + 8 + 800 + 2 * 39, 1300, 3)  # one above the other
    assert np.ptp(pixels[:800], axis=-1).mean() < 2
    assert np.ptp(pixels[808:1608], axis=-1).mean() > 10
    assert pixels[1608:].min() < 100  # a line of text


def test_colours_of_a_place_are_named_in_view_on_a_phone(opened, tmp_path):
    opened.size(*NARROW)
    long = tmp_path / f"{'scan_' * 40}.png"
    long.write_bytes(photo_files.encode(photo_files.picture(9).convert("L"), "PNG"))
    opened.type("#chooser", str(long))
    opened.wait(f"{STATUS}.startsWith('scan_')")
    opened.click("#picker")
    opened.wait("!document.querySelector('#inspector').hidden")
    box = opened.value("document.querySelector('#swatches').getBoundingClientRect().toJSON()")
    assert 0 < box["top"] < box["bottom"] <= NARROW[1]
    assert opened.text("#likely").startswith("Here: ")
    assert "%" in opened.text("#swatches li")
    assert opened.value("document.documentElement.scrollWidth") <= NARROW[0]
    settle(opened)
    names = opened.value(
        "[...document.querySelectorAll('#candidates span')].map((x) => x.innerText)"
    )
    assert names[0] == "Usual"
