"""Pieces of a Markdown page: sections, tables, pictures, and metrics with their intervals."""

import re
from collections.abc import Mapping
from pathlib import Path

from cic_jax.metrics import Metric
from cic_jax.report.names import label

Rows = list[dict[str, str]]  # a table's rows, each cell under its column's heading


def written(metric: Metric, interval: Mapping[str, float]) -> str:
    """Write a mean and its interval with the metric's digits: '13.3 (13.1 to 13.5)'."""
    return "{mean:.{d}f} ({low:.{d}f} to {high:.{d}f})".format(**interval, d=metric.digits)


def markdown(rows: Rows) -> str:
    """Format a table whose columns are those of its first row."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def section(title: str, *paragraphs: str, rows: Rows | None = None, level: int = 2) -> str:
    """Join a heading, the paragraphs that are not empty, and a table where there are rows."""
    parts = [f"{'#' * level} {title}", *(text for text in paragraphs if text)]
    return "\n\n".join(parts + ([markdown(rows).rstrip()] if rows else []))


def split_sections(page: str) -> dict[str, str]:
    """Split a page into its sections of level 2: title -> the section, title included."""
    sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    return {text[3:].partition("\n")[0]: text.strip() for text in sections}


def picture(file: str, caption: str = "") -> str:
    """Link a picture in the folder figures/ beside the page, with a caption in italics."""
    stem = label(Path(file).stem)
    return f"![{stem}](figures/{file})" + (f"\n\n*{caption}*" if caption else "")
