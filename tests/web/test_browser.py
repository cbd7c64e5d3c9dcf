"""The page as a person uses it, in a real browser."""

import re

import numpy as np
import photo_files
import pytest
from PIL import Image
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
from web_server import serving, tiny_colorizer

pytestmark = IN_A_BROWSER


def test_a_file_is_chosen_and_seen_in_colour(opened):
    assert opened.value("document.querySelector('#work').hidden") is False
    assert picture(opened, "#before").shape == (630, 1024, 3)
    assert colourfulness(picture(opened, "#before")) < 1
    assert colourfulness(picture(opened, "#after")) > 10
    assert opened.text("#about-file") == "1300 × 800, WEBP: saved at that size."


def test_a_file_is_dropped(page, photo):
    page.drop(photo)
    page.wait(f"{STATUS}.startsWith('holiday.webp coloured')")
    assert not page.value("document.body.classList.contains('dragging')")


def test_a_file_is_pasted(page):
    page.script(
        """const data = new DataTransfer();
        const bytes = Uint8Array.from(arguments[0]);
        data.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))""",
        list(photo_files.encode(photo_files.picture(6), "PNG")),
    )
    page.wait(f"{STATUS}.startsWith('pasted.png coloured')")
    assert "Its own colours were set aside" in page.value(STATUS)


def test_a_sample_is_opened_by_keyboard(page):
    page.type("#samples li:nth-child(2) button", "Enter")
    page.wait(f"{STATUS}.startsWith('rocket.jpg coloured')")


def test_vividness_acts_without_the_network(opened, colorizer):
    runs = colorizer.runs
    usual = picture(opened, "#after")
    for keys, text in ((["End"], "1.00"), (["Left"] * 60, "0.40")):
        source = opened.value(SHOWN)
        opened.type("#vividness", *keys)
        assert opened.text("#vividness-value") == text
        opened.wait(f"{SHOWN} !== '{source}'")
        usual = changed(opened, usual)
    opened.click("#reset")
    assert opened.text("#vividness-value") == "0.00"
    assert colorizer.runs == runs


def test_before_and_after_are_divided_by_keyboard_and_pointer(opened):
    part = "getComputedStyle(document.querySelector('#before')).clipPath"
    assert opened.value(part) == "inset(0px 50% 0px 0px)"
    opened.type("#divider", "Left", "Left")
    assert opened.value(part) == "inset(0px 52% 0px 0px)"
    opened.type("#divider", "End")
    assert opened.value(part) in ("inset(0px)", "inset(0px 0% 0px 0px)")
    # The thumb, now at the right edge, is dragged to the middle.
    box = opened.value("document.querySelector('#stage').getBoundingClientRect().toJSON()")
    y = box["bottom"] - 30
    middle = box["left"] + box["width"] / 2
    for kind, x in (
        ("mousePressed", box["right"] - 8),
        ("mouseMoved", middle),
        ("mouseReleased", middle),
    ):
        opened.devtools(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
        )
    value = int(opened.value("document.querySelector('#divider').value"))
    assert 48 <= value <= 52
    assert opened.value("document.querySelector('#cross').hasAttribute('hidden')")  # no pixel


def test_a_pixel_shows_its_distribution(opened, client):
    opened.click("#picker")  # in the middle
    opened.wait("document.querySelectorAll('#distribution [data-p]').length === 313")
    shown = opened.script(
        """const names = ['cx', 'cy', 'r', 'fill', 'data-p'];
        return [...document.querySelectorAll('#distribution [data-p]')]
          .map((disc) => names.map((name) => disc.getAttribute(name)))"""
    )
    probabilities = np.array([float(row[4]) for row in shown])
    areas = np.array([float(row[2]) for row in shown]) ** 2
    assert probabilities.sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(areas / areas.max(), probabilities / probabilities.max(), rtol=1e-3)
    assert len({row[3] for row in shown}) > 200  # each in its own colour
    most = shown[int(np.argmax(probabilities))]
    text = opened.text("#pixel")
    where = f"a {most[0]}, b {-int(most[1])}".replace("-", "\N{MINUS SIGN}")
    percent = re.search(rf"Most likely: {where}, ([\d.]+)\s%", text)[1]
    assert float(percent) == pytest.approx(100 * probabilities.max(), abs=0.5)

    ring = "document.querySelector('#distribution .mark').getAttribute('cx')"
    before = opened.value(ring)
    opened.type("#vividness", "End")
    opened.wait(f"{ring} !== '{before}'")
    place = "parseFloat(document.querySelector('#cross').style.getPropertyValue('--x'))"
    before = opened.value(place)
    opened.type("#picker", "Right", "Right", "Down")
    opened.wait(f"document.querySelector('#pixel').textContent !== {text!r}")
    assert opened.value(place) == pytest.approx(before + 2)


def test_another_colouring_is_chosen_and_saved(opened, colorizer, photo):
    usual = picture(opened, "#after")
    thumbnails = [picture(opened, f"#candidates label:nth-of-type({k + 1}) img") for k in range(4)]
    assert {t.shape for t in thumbnails} == {(158, 256, 3)}
    assert min(np.abs(t - thumbnails[0]).mean() for t in thumbnails[1:]) > 1
    source = opened.value(SHOWN)
    opened.type("#candidates input:checked", "Right", "Right")
    opened.wait(f"{SHOWN} !== '{source}'")
    settle(opened)
    assert np.abs(picture(opened, "#after") - usual).mean() > 1

    opened.click("#download")
    saved = opened.downloads / "holiday-colour.webp"
    opened.wait(f"{STATUS} === 'holiday-colour.webp is saved.'")
    opened.until(saved.exists)
    with Image.open(saved) as image, Image.open(photo) as before:
        assert (image.format, image.size) == ("WEBP", before.size)
        expected = colorizer.candidates(before.convert("RGB"), 4)[2]
        found = np.asarray(image.convert("RGB")).astype(int)
    # WebP halves the resolution of colour.
    assert np.abs(found - expected).mean() < 4
    usual = colorizer(Image.open(photo).convert("RGB"))
    assert np.abs(found - expected).mean() < 0.5 * np.abs(found - usual.astype(int)).mean()


def test_what_is_no_photograph_costs_one_line(opened, tmp_path):
    usual = picture(opened, "#after")
    notes = tmp_path / "notes.txt"
    notes.write_text("no photograph at all")
    opened.type("#chooser", str(notes))
    line = opened.wait(ERROR)
    assert line.startswith("notes.txt: empty, or no photograph of a kind that is read (")
    settle(opened)
    np.testing.assert_allclose(picture(opened, "#after"), usual)  # what was open comes back
    assert opened.value("document.querySelectorAll('#album li').length") == 1
    assert opened.value(STATUS) == ""


def test_a_file_that_is_too_large_is_not_even_sent(page, tmp_path):
    large = tmp_path / "large.tif"
    with large.open("wb") as file:
        file.truncate(129 * 2**20)
    page.type("#chooser", str(large))
    assert page.wait(ERROR) == (
        "large.tif is larger than 128 MiB, the most that is taken here: "
        "colour by the command: cic-jax colorize 'large.tif' --out=coloured"
    )
    asked = page.value("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert asked
    assert not [url for url in asked if "/photographs" in url]


def test_a_model_that_predicts_ab_has_no_candidates(window, photo):
    with serving(tiny_colorizer(centers=None)) as client:
        window.size(*WIDE)
        window.open(client.url)
        window.wait("document.querySelectorAll('#samples img').length === 5")
        window.type("#chooser", str(photo))
        window.wait(f"{STATUS}.startsWith('holiday.webp coloured')")
        assert "it has no distribution to show" in window.text("#pixel")
        assert window.value("document.querySelector('#vividness').disabled")
        assert window.value("document.querySelector('#candidates').hidden")
        window.click("#picker")
        settle(window)
        assert window.value("document.querySelector('#distribution').hasAttribute('hidden')")
        assert window.value(ERROR) == ""
