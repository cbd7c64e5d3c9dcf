"""What a model's card says that it does badly, for the page to say it too."""

import re
from pathlib import Path

from cic_jax import checkpoint

TITLE = "What it does badly"  # of a section of the card
ITEM = re.compile(r"^\* \*\*(.+?)\.?\*\* (.+?)(?=^\* |^\s*$|\Z)", re.MULTILINE | re.DOTALL)


def weaknesses(model: str | Path) -> list[tuple[str, str]]:
    """Read what a model does badly from its card: titles and plain texts; none without a card.

    `model` is a checkpoint as `checkpoint.load` takes it.
    """
    try:
        card = checkpoint.folder(model) / "README.md"
    except checkpoint.NoCheckpointError:  # such as a file of ONNX
        return []
    if not card.is_file():
        return []
    text = card.read_text(encoding="utf-8")
    section = re.search(rf"^## {TITLE}$(.+?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return [] if section is None else [(t, _plain(x)) for t, x in ITEM.findall(section[1])]


def _plain(markdown: str) -> str:
    """Return the words of a paragraph, without Markdown's marks and line breaks."""
    linked = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[`*]", "", linked).split())
