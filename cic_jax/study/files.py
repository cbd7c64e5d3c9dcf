"""What study.json holds, and the figures -> the study's files, but those of its runs."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from cic_jax.report import page
from cic_jax.report.style import label, save
from cic_jax.study import published as study
from cic_jax.study import report as study_report

TITLE = "The study, repeated"
SECTIONS = ("metrics", "losses", "predictions", "bins")  # and those of the simplified models


def write(workdir: Path, results: Mapping[str, Any], drawn: Mapping[str, Figure]) -> None:
    """study.json, study.csv, figures/, study.md and report.html."""
    (workdir / "study.json").write_text(json.dumps(results, indent=1) + "\n")
    _write_table(workdir / "study.csv", results["figures"])
    for name, figure in drawn.items():
        save(figure, workdir / "figures" / f"{name}.png")
    lead, tables = study_report.lead(results), study_report.tables(results)
    parts = [f"## {head}\n\n{text}\n\n{study_report.markdown(rows)}" for head, text, rows in tables]
    (workdir / "study.md").write_text("\n".join([f"# {TITLE}\n\n{lead}\n", *parts]))
    sections = [page.Section(head, text, page.table(rows)) for head, text, rows in tables]
    sections += [
        page.Section(label(name), "", page.chart(figure, label(name)))
        for name, figure in drawn.items()
        if name in SECTIONS or name.startswith("simplified_")
    ]
    page.write(workdir / "report.html", TITLE, lead, sections)


def _write_table(path: Path, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """A row for each figure of each colouring, beside the study's number."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["colouring", "metric", "mean", "low", "high", "study"])
        for name, found in figures.items():
            for metric, x in found.items():
                published = study.PUBLISHED.get(name, {}).get(metric, "")
                rows.writerow([name, metric, x["mean"], x["low"], x["high"], published])
