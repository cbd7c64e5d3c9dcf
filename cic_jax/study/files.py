"""Files of the repeated study besides its runs: study.json, tables, figures and the report."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from cic_jax.report import page
from cic_jax.report.markdown import markdown
from cic_jax.report.names import label
from cic_jax.report.style import save
from cic_jax.study.published import PUBLISHED
from cic_jax.study.report import introduction, tables
from cic_jax.train.directory import write_json

TITLE = "The study, repeated"
SHOWN = ("metrics", "losses", "predictions", "bins")  # and those of the simplified models


def write(workdir: Path, results: Mapping[str, Any], drawn: Mapping[str, Figure]) -> None:
    """Write study.json, study.csv, figures/, study.md and report.html."""
    write_json(workdir / "study.json", results)
    _write_csv(workdir / "study.csv", results["figures"])
    for name, figure in drawn.items():
        save(figure, workdir / "figures" / f"{name}.png")
    lead, titled = introduction(results), tables(results)
    parts = [f"## {title}\n\n{text}\n\n{markdown(rows)}" for title, text, rows in titled]
    (workdir / "study.md").write_text("\n".join([f"# {TITLE}\n\n{lead}\n", *parts]))
    sections = [page.Section(title, text, page.table(rows)) for title, text, rows in titled]
    sections += [
        page.Section(label(name), "", page.chart(figure, label(name)))
        for name, figure in drawn.items()
        if name in SHOWN or name.startswith("simplified_")
    ]
    page.write(workdir / "report.html", TITLE, lead, sections)


def _write_csv(path: Path, scores: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a row for each metric of each colouring, with the study's number."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["colouring", "metric", "mean", "low", "high", "study"])
        for name, intervals in scores.items():
            for metric, x in intervals.items():
                published = PUBLISHED.get(name, {}).get(metric, "")
                rows.writerow([name, metric, x["mean"], x["low"], x["high"], published])
