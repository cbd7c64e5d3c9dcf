"""The site's navigation: the sections and links of docs/index.md, as they are on GitHub."""

import re
from pathlib import PurePosixPath
from typing import Any

LINK = re.compile(r"^- \[[^]]+\]\(([^)#]+)\)", re.MULTILINE)


def sections(text: str) -> dict[str, list[str]]:
    """Return the pages that each section lists, relative to the text's own folder."""
    titles = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        title: LINK.findall(body) for title, body in zip(titles[::2], titles[1::2], strict=True)
    }


def add(app: Any, page: str, content: list[str]) -> None:
    """Add the sections to the start page as tables of contents; other pages need no place there."""
    if page != app.config.root_doc:
        return
    for title, pages in sections(content[0]).items():
        names = "\n".join(str(PurePosixPath(name).with_suffix("")) for name in pages)
        content[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{names}\n```\n"


def setup(app: Any) -> dict[str, bool]:
    """Register the navigation with Sphinx."""
    app.connect("source-read", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
