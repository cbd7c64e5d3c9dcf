"""The page in Firefox."""

import zipfile

import photo_files
import pytest
from firefox import Firefox, is_installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="firefox-esr is not installed"),
]

COUNT = "document.querySelector('#count').textContent"
STATUS = "document.querySelector('#status').textContent"


@pytest.fixture
def firefox(tmp_path, client):
    browser = Firefox(tmp_path)
    browser.size(1280, 860)
    browser.open(client.url)
    browser.wait("document.querySelectorAll('#samples img').length === 5")
    yield browser
    browser.close()


def test_photographs_are_coloured_inspected_kept_and_saved(firefox, client, tmp_path):
    files = []
    for k, kind in enumerate(("JPEG", "TIFF", "PNG")):  # Firefox itself shows no TIFF
        files.append(tmp_path / f"scan {k}.{kind.lower()}")
        files[-1].write_bytes(photo_files.encode(photo_files.picture(k).convert("L"), kind))
    firefox.choose("#chooser", *files)
    firefox.wait(f"{COUNT} === '3 of 3 coloured.'")
    firefox.click("#picker")
    firefox.wait("!document.querySelector('#inspector').hidden")
    assert "%" in firefox.text("#swatches")
    firefox.press("+")
    firefox.wait("document.querySelector('#stage').classList.contains('zoomed')")

    firefox.click("#vividness")
    firefox.press("Right")
    firefox.wait("!document.querySelector('#undo').disabled")
    tau = firefox.text("#vividness-value")
    firefox.open(client.url)
    firefox.wait("document.querySelector('#after').naturalWidth > 0")
    assert firefox.text("#vividness-value") == tau
    assert firefox.text("#count") == "3 of 3 coloured."
    firefox.press("Control", "z")
    firefox.wait(f"document.querySelector('#vividness-value').innerText !== '{tau}'")

    firefox.click("#zip")
    firefox.wait(f"{STATUS} === '3 photographs are saved in coloured.zip.'")
    saved = firefox.downloads / "coloured.zip"
    firefox.until(lambda: saved.exists() and saved.stat().st_size, "the ZIP is saved")
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "scan 0-colour.jpeg",
            "scan 1-colour.tiff",
            "scan 2-colour.png",
        ]
