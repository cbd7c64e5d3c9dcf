"""RESULTS.md and its figures, written from the files that the commands of experiments/ left."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from ml_collections import ConfigDict

from cic_jax import checkpoint, photos
from cic_jax.configs import default, two_cores
from cic_jax.description import Description
from cic_jax.model import Model
from cic_jax.report import charts, drawings, results
from cic_jax.report.markdown import Rows, metric_rows, picture, section, split_sections
from cic_jax.report.results import Credit
from cic_jax.study import ablation, protocol, rebalancing, scored
from cic_jax.study.paint_chart import paint_probability
from cic_jax.study.plausibility import SOURCE
from cic_jax.study.published import VARIANTS
from cic_jax.study.report import introduction, tables
from cic_jax.study.runs import parameters
from cic_jax.train import record

LEAD = (
    "Written by `experiments/results.py` from the files that the runs left: no number is typed in."
)
# A page keeps the sections of an earlier page by these titles.
STUDY, REBALANCING, PROTOCOL, DRAWN, ABLATION, RELEASE, SPEED = TITLES = (
    "The study, repeated",
    "Rebalancing, taken apart",
    "CIC's own protocol",
    "The study on drawn scenes",
    "What each choice is worth",
    "The released model",
    "Speed",
)
DPI, QUALITY = 100, 85
PICTURES = ("predictions", "temperatures", "pixel")  # figures that show photographs


@dataclass(frozen=True)
class Choice:
    """Photographs to show in figures: by `names`, or the first `count` of those that are allowed.

    `allowed` credits the photographs that may be shown, by name. Drawn scenes need no credit.
    """

    allowed: Mapping[str, Credit]
    names: Sequence[str]
    count: int

    def credits(self, test: Sequence[str]) -> list[Credit]:
        """Choose among the photographs of a test split, by their names; return their credits.

        Raises:
            ValueError: One of `names` is not allowed.
        """
        if refused := [name for name in self.names if name not in self.allowed]:
            raise ValueError(f"--names has {', '.join(refused)}, which --index does not allow")
        allowed = [name for name in test if name in self.allowed]
        return [self.allowed[name] for name in self.names or allowed[: self.count]]


class Page:
    """The sections of the page so far; figures are written as they are added."""

    def __init__(self, out: Path, choice: Choice):
        self.out, self.choice = out, choice
        self.sections: list[str] = []

    def add(self, *sections: str) -> None:
        """Append sections."""
        self.sections += sections

    def write(self) -> Path:
        """Write RESULTS.md; sections of the existing file that are not replaced stay."""
        path = self.out / "RESULTS.md"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        titled = split_sections(before) | split_sections("\n\n".join(self.sections))
        parts = [f"# Results\n\n{LEAD}", *(titled[title] for title in TITLES if title in titled)]
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        return path

    def figure(self, name: str, drawn: Figure, caption: str = "") -> str:
        """Save a figure, a chart as PNG and photographs as JPEG; return its Markdown."""
        kind = "jpg" if name.endswith(PICTURES) else "png"
        path = self.out / "figures" / f"{name}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "jpg":
            drawn.savefig(path, dpi=DPI, pil_kwargs={"quality": QUALITY})
        else:
            drawn.savefig(path, dpi=DPI, metadata={"Software": None})
        print(path)
        return picture(path.name, caption)

    def photographs(self, prefix: str, models: dict[str, Model], data: ConfigDict) -> list[str]:
        """Save figures of the chosen photographs: every model's predictions, the last one's output.

        The last model, of those without a mistake of the study, shows its temperatures and one
        pixel's distribution. Returns the Markdown, with credits.
        """
        shown: list[Credit] = []
        if data.source != SOURCE:
            test = photos.open_splits(data)["test"]
            shown = self.choice.credits([photograph["name"] for photograph in test])
            if not shown:
                return ["No photograph of the test split may be shown."]
        for model in models.values():  # all show the photographs that all are scored on
            model.description["config"]["data"] = data.to_dict()
        last = [name for name in models if name not in VARIANTS][-1]
        names = [credit.file for credit in shown]
        parts = []
        for name, drawn in drawings.from_photographs(models, "test", self.choice.count, names):
            if name in ("predictions", f"{last}_temperatures", f"{last}_pixel"):
                credited = shown if name == "predictions" else shown[:1]
                parts.append(self.figure(f"{prefix}_{name}", drawn, results.credited(credited)))
        return parts


def study_sections(page: Page, home: Path, title: str, prefix: str) -> None:
    """Add the repeated study: its models, compared with the study's numbers and claims."""
    study = _load(home, "study.json", f"experiments/reproduce.py --workdir={home}")
    _require_finished(home, "figures" in study)
    intervals = study["figures"]
    runs = {name: home / name for name in study["models"]}
    at_hand = {name: parameters(path) for name, path in runs.items()}  # others stayed elsewhere
    models = {name: checkpoint.load(path) for name, path in at_hand.items() if path}
    final = [name for name in runs if _config(runs[name]).data.subset == "final"] or list(runs)
    scores = {name: {"model": intervals[name], "grey": intervals["grey"]} for name in runs}
    count = study["photographs"]["test"]
    page.add(section(title, introduction(study), _command(study["plan"]), rows=_run_rows(runs)))
    drawn = [
        page.figure(f"{prefix}_metrics", charts.metric_bars(scores, f"{count} test photographs"))
    ]
    described = {name: _description(path, models.get(name)) for name, path in runs.items()}
    for name, figure in (*drawings.from_logs(runs), *drawings.from_priors(described)):
        drawn.append(page.figure(f"{prefix}_{name}", figure))
    painted = {name: x for name, x in intervals.items() if "log_density" in x and "@" not in name}
    if painted:
        drawn.append(page.figure(f"{prefix}_paint", paint_probability(painted)))
    if models:
        drawn += page.photographs(prefix, models, _config(runs[final[-1]]).data)
    titled = [section(head, text, rows=rows, level=3) for head, text, rows in tables(study)]
    page.add(*titled, section("Figures", *drawn, level=3))


def _description(home: Path, model: Model | None) -> Description:
    """Return a model's description: what its run kept of it, or what its checkpoint has."""
    about = scored.about(home)
    if about is None and model is None:
        raise SystemExit(f"{home} has no checkpoint and no {scored.ABOUT}: rerun its command")
    return about["description"] if about else model.description  # type: ignore[union-attr]


def rebalancing_section(page: Page, home: Path) -> None:
    """Add class weights in training, compared with ways of reading an unbalanced model out."""
    measured = _load(home, "rebalancing.json", f"experiments/rebalancing.py --out={home}")
    drawn = page.figure("rebalancing", rebalancing.figure(measured))
    text, rows = rebalancing.text(measured), rebalancing.rows(measured)
    page.add(section(REBALANCING, text, drawn, rows=rows))


def protocol_section(page: Page, home: Path) -> None:
    """Add CIC's own scores of the models."""
    compared = _load(home, "matched.json", f"experiments/matched.py --judge --out={home}")
    text = (
        "Area under the curve of errors up to 150, all pixels alike and every bin alike, and how "
        "often a classifier takes the coloured photograph for what it takes the true one for. "
        "Intervals are 95 % bootstrap intervals over photographs."
    )
    page.add(section(PROTOCOL, text, rows=protocol.rows(compared)))


def ablation_section(page: Page, home: Path) -> None:
    """Add the ablation: the effect of each choice of the recipe."""
    effects = _load(home, "ablation.json", f"experiments/ablate.py --workdir={home}")
    _require_finished(home, bool(effects["variants"]))
    departures = ablation.departures(effects["config"], two_cores.get_config())
    base = f"[configs/two_cores.py](../configs/two_cores.py){departures}"
    text = f"{ablation.text(effects)} The base is {base}."
    runs = {name: home / name for name in effects["variants"]}
    page.add(
        section(ABLATION, text, _command(effects["plan"]), rows=ablation.rows(effects)),
        section("What ran", rows=_run_rows(runs), level=3),
    )


def release_section(page: Page, home: Path) -> None:
    """Add the released model on its test split."""
    scores = _load(home, "test.json", f"experiments/evaluate.py --workdir={home}")
    config = _config(home)
    text = (
        f"On {scores['photographs']} test photographs that it never saw, read out at T = "
        f"{config.colour.temperature:g}, means with 95 % bootstrap intervals over photographs."
    )
    runs = {home.name: home}
    drawn = [
        page.figure(f"{home.name}_{name}", figure) for name, figure in drawings.from_logs(runs)
    ]
    drawn += page.photographs("released", {home.name: checkpoint.load(home)}, config.data)
    page.add(
        section(RELEASE, text, rows=metric_rows(scores)),
        section("What ran", rows=_run_rows(runs), level=3),
        *drawn,
    )


def speed_section(page: Page, home: Path) -> None:
    """Add the benchmark's rates."""
    rates = _load(home, "benchmark.json", f"experiments/benchmark.py --out={home}")
    text = f"On {results.device(rates['machine'])}; medians over interleaved runs."
    page.add(section(SPEED, text, rows=results.benchmark_rows(rates)))


def _load(home: Path, file: str, command: str) -> dict[str, Any]:
    """Read a JSON file that a command wrote; raise SystemExit with that command otherwise."""
    if not (home / file).exists():
        raise SystemExit(f"no {home / file}: run {command} first")
    return json.loads((home / file).read_text())


def _require_finished(home: Path, finished: bool) -> None:
    if not finished:
        raise SystemExit(f"{home} is not finished: rerun its command to resume it")


def _config(home: Path) -> ConfigDict:
    """Read a run's config; options that are newer than the run have their defaults."""
    return default.completed(checkpoint.config_of(home) or {})


def _run_rows(runs: Mapping[str, Path]) -> Rows:
    """Describe what exactly was trained, a row per run."""
    rows = []
    for name, home in runs.items():
        machine = home / record.MACHINE
        known = json.loads(machine.read_text()) if machine.exists() else None
        rows.append(results.run_row(name, _config(home).to_dict(), record.read(home), known))
    return rows


def _command(plan: Mapping[str, Any]) -> str:
    return f"```\n{plan['command']}\n```" if "command" in plan else ""
