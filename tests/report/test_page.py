"""The page holds what it is given, and asks for nothing else."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from cic_jax.report import charts, page


class Outline(HTMLParser):
    """The tags that are opened, with their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_pictures_lie_in_the_page_with_a_description():
    photo = np.full((8, 12, 3), (200, 60, 30), np.uint8)
    outline = Outline(page.gallery([("a red one", photo)], columns=3))
    (image,) = outline.all("img")
    kind, data = image["src"].split(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as inside:
        assert np.abs(np.asarray(inside, int) - photo).max() <= 3
    assert image["alt"] == outline.text == "a red one"


def test_text_is_shown_as_it_is(tmp_path):
    section = page.Section("a < b", "$5 & more", page.table([{"name": "<b>", "value": "1"}]))
    page.write(tmp_path / "new" / "index.html", "The page", "<i>", [section])
    html = (tmp_path / "new" / "index.html").read_text(encoding="utf-8")
    outline = Outline(html)
    for text in ("a < b", "$5 & more", "<b>", "The page", "<i>"):
        assert text in outline.text
    assert not outline.all("b")
    assert not outline.all("i")


def test_a_page_asks_for_nothing_outside_it(tmp_path):
    chart = page.chart(charts.loss_curves({"demo": []}), "no loss yet")
    page.write(tmp_path / "page.html", "t", "l", [page.Section("s", "", chart)])
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    outline = Outline(html)
    assert all(image["src"].startswith("data:") for image in outline.all("img"))
    assert not re.search(r"url\(|@import|<link|<script|https?:", html)
