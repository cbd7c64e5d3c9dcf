"""Pieces of a Markdown page: sections, tables, pictures, and metrics with their intervals."""

import re
from collections.abc import Mapping
from pathlib import Path

from cic_jax.metrics import METRICS, Metric, lookup
from cic_jax.report.names import label
from cic_jax.train.bootstrap import Interval

Scores = Mapping[str, Mapping[str, Interval]]  # "model" and "grey" -> metric -> interval
Rows = list[dict[str, str]]  # a table's rows, each cell under its column's heading


def written(metric: Metric, interval: Interval) -> str:
    """Write a mean and its interval with the metric's digits: '13.3 (13.1 to 13.5)'."""
    return "{mean:.{d}f} ({low:.{d}f} to {high:.{d}f})".format(**interval, d=metric.digits)


def metric_rows(scores: Scores) -> Rows:
    """Tabulate all metrics of the model and of the photographs left grey.

    They come in the order of METRICS; others follow, by their raw names.
    """
    names = [name for name in METRICS if name in scores["model"]]
    names += [name for name in scores["model"] if name not in METRICS]
    return [
        _metric_row(lookup(name), scores["model"][name], scores["grey"].get(name)) for name in names
    ]


def _metric_row(metric: Metric, model: Interval, grey: Interval | None) -> dict[str, str]:
    return {
        "Metric": ", ".join(filter(None, (metric.title, metric.unit))),
        "This model": written(metric, model),
        "Left grey": "-" if grey is None else written(metric, grey),
        "Better": metric.better,
    }


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
    """Link a picture in the folder figures/ next to the page, with a caption in italics."""
    stem = label(Path(file).stem)
    return f"![{stem}](figures/{file})" + (f"\n\n*{caption}*" if caption else "")
