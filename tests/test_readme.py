"""What README and docs tell people to write works, and is as short as they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "checkpoints/README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCKS = [
    code
    for page in (ROOT / "README.md", ROOT / "docs/extend.md")
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
]
LINKS = [
    (str(page.relative_to(ROOT)), link)
    for page in PAGES
    for link in re.findall(r"(?:\]\(|src=\")(?!\w+:)([^)#\"]+)", page.read_text())
]


def test_three_extensions_are_shown():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("code", BLOCKS, ids=["loss", "network", "encoding"])
def test_extension_runs_in_under_twenty_lines(code):
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    if "loss" in names and not callable(names["loss"]) and hasattr(names["loss"], "shape"):
        assert names["state"].step == 1


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_lead_somewhere(page, link):
    assert ((ROOT / page).parent / link).exists()
