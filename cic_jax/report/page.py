"""A self-contained HTML page: pictures inside, light and dark, any width."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure
from PIL import Image

from cic_jax.report.style import png

QUALITY = 92  # of JPEG
TEMPLATE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --ink: #1d2129; --soft: #5b6472; --page: #f6f7f9; --card: #fff; --line: #e1e4ea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaee; --soft: #a3acba; --page: #14161a; --card: #1e2127; --line: #343a44; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; background: var(--page);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 .3rem; font-size: 1.8rem; line-height: 1.2; }
h2 { margin: 0 0 .6rem; font-size: 1.15rem; }
p { margin: 0 0 .8rem; max-width: 46rem; }
section { margin-top: 1.2rem; padding: 1.1rem 1.2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem; }
.soft, figcaption, caption { color: var(--soft); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td:first-child { min-width: 7.5rem; }
.gallery { display: grid; gap: .6rem; margin-bottom: .8rem; }
figure { margin: 0; }
figcaption { margin-top: .2rem; font-size: .85rem; text-align: center; }
img { display: block; width: 100%; height: auto; border-radius: .35rem; }
.chart { max-width: var(--width); min-width: 22rem; background: #fff; }
pre { margin: 0; padding: .7rem .9rem; overflow-x: auto; background: var(--page);
  border-radius: .4rem; font-size: .87rem; }
</style>
<h1>$title</h1>
<p class="soft">$lead</p>
$sections
</html>
""")


class Section(NamedTuple):
    """A heading, a paragraph of plain text, and HTML made by the functions of this module."""

    title: str
    text: str
    body: str


def write(path: Path, title: str, lead: str, sections: Sequence[Section]) -> None:
    """Write the page; titles and texts are plain text."""
    parts = [
        f"<section>\n<h2>{escape(s.title)}</h2>\n<p>{escape(s.text)}</p>\n{s.body}\n</section>"
        for s in sections
    ]
    html = TEMPLATE.substitute(title=escape(title), lead=escape(lead), sections="\n".join(parts))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")


def gallery(
    pictures: Sequence[tuple[str, UInt8[np.ndarray, "h w 3"]]], columns: int | None = None
) -> str:
    """Lay out captioned pictures in so many columns, or as many as fit."""
    layout = f"repeat({columns}, 1fr)" if columns else "repeat(auto-fill, minmax(5.5rem, 1fr))"
    figures = [
        f"<figure>{_image(_jpeg(picture), 'jpeg', caption)}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, picture in pictures
    ]
    return f'<div class="gallery" style="grid-template-columns: {layout}">{"".join(figures)}</div>'


def chart(figure: Figure, description: str) -> str:
    """Embed a figure at its own width or less; on a narrow screen it scrolls sideways."""
    width = f'class="chart" style="--width: {100 * figure.get_figwidth():.0f}px"'
    return f'<div class="wide">{_image(png(figure), "png", description, width)}</div>'


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Format a table; each row maps columns to cells of plain text."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def commands(lines: Sequence[str]) -> str:
    """Format commands to copy."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _image(encoded: bytes, kind: str, description: str, look: str = "") -> str:
    data = base64.b64encode(encoded).decode()
    return f'<img {look} src="data:image/{kind};base64,{data}" alt="{escape(description)}">'


def _jpeg(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, "JPEG", quality=QUALITY, subsampling=0)
    return encoded.getvalue()
