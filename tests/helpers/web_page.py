"""The page in a browser: when its tests run, and what they ask of it."""

import base64
import io
import time

import numpy as np
import pytest
from browser import is_installed
from PIL import Image

IN_A_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="chromium and chromedriver are not installed"),
]

WIDE, NARROW = (1280, 860), (375, 812)
SHOWN = "document.querySelector('#after').src"
STATUS = "document.querySelector('#status').textContent"
ERROR = "document.querySelector('#error').textContent"


def settle(page):
    """Wait until every picture on the page is there and the server has nothing to do."""
    page.wait("[...document.images].every((i) => i.hidden || (i.complete && i.naturalWidth > 0))")
    page.wait("document.querySelector('#candidates').hidden || "
              "!document.querySelector('#candidates img[hidden]')")  # fmt: skip
    page.wait("performance.now() - Math.max(...performance.getEntriesByType('resource')"
              ".map((entry) => entry.responseEnd)) > 400")  # fmt: skip


def renewed(page, act):
    """The colouring that is shown after `act`, at rest."""
    source = page.value(SHOWN)
    act()
    page.wait(f"{SHOWN} !== '{source}' && {SHOWN} !== ''")
    settle(page)
    return picture(page, "#after")


def picture(page, selector):
    """The pixels of an image on the page, as they were received."""
    data = page.script(
        """const image = document.querySelector(arguments[0]);
        const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL('image/png')""",
        selector,
    )
    content = base64.b64decode(data.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def changed(page, before, seconds=20):
    """The colouring once it is plainly another: the slider passes values that hardly differ."""
    until = time.monotonic() + seconds
    while np.abs((now := picture(page, "#after")) - before).mean() <= 1:
        assert time.monotonic() < until
        time.sleep(0.1)
    return now


def colourfulness(pixels):
    return np.ptp(pixels, axis=-1).mean()
