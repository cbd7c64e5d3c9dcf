"""What the README tells people to write works, and is as short as it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


def test_three_extensions_are_shown():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("code", BLOCKS, ids=["loss", "encoding", "network"])
def test_extension_runs_in_under_twenty_lines(code):
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    if "loss" in names and not callable(names["loss"]) and hasattr(names["loss"], "shape"):
        assert names["state"].step == 1


@pytest.mark.parametrize("link", re.findall(r"\]\(([^):#]+)\)", (ROOT / "README.md").read_text()))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
