"""Write RESULTS.md and its figures from what the other commands left: no number is typed in.

    python experiments/results.py --study=runs/study --release=runs/release --ablation=runs/ablation

Sections of runs that are not named stay as an earlier command wrote them. Photographs are shown
where --index, a CSV with the columns file, may_be_shown, author and page, allows it, and credited;
drawn scenes always.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import app, flags
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from cic_jax import checkpoint, entry, photos
from cic_jax.configs import default, two_cores
from cic_jax.model import Model
from cic_jax.report import charts, drawings, results
from cic_jax.report.markdown import Rows, metric_rows, picture, section, split_sections
from cic_jax.report.results import Credit
from cic_jax.study import ablation
from cic_jax.study.paint_chart import paint_probability
from cic_jax.study.plausibility import SOURCE
from cic_jax.study.published import VARIANTS
from cic_jax.study.report import introduction, tables
from cic_jax.train import record

STUDY = flags.DEFINE_string("study", None, "What reproduce.py wrote.")
DRAWN = flags.DEFINE_string("drawn", None, "The same of drawn scenes, whose paint is known.")
RELEASE = flags.DEFINE_string("release", None, "A run of train.py that evaluate.py has scored.")
ABLATION = flags.DEFINE_string("ablation", None, "What ablate.py wrote.")
BENCHMARK = flags.DEFINE_string("benchmark", None, "What benchmark.py wrote.")
INDEX = flags.DEFINE_string("index", None, "A CSV that says which photographs may be shown.")
NAMES = flags.DEFINE_list("names", [], "Those to show, in place of the first that may be.")
PHOTOGRAPHS = flags.DEFINE_integer("photographs", 5, "How many to show.", lower_bound=1)
OUT = flags.DEFINE_string("out", "experiments", "Where RESULTS.md and figures/ go.")

LEAD = (
    "Written by `experiments/results.py` from the files that the runs left: no number is typed in."
)
TITLES = (
    "The study, repeated",
    "The study on drawn scenes",
    "What each choice is worth",
    "The released model",
    "Speed",
)
DPI, QUALITY = 100, 85
PICTURES = ("predictions", "temperatures", "pixel")  # figures that show photographs


class Page:
    """The sections so far; a figure is written when it is added."""

    def __init__(self, out: Path, allowed: Mapping[str, Credit]):
        self.out, self.allowed = out, allowed
        self.sections: list[str] = []

    def add(self, *sections: str) -> None:
        """One after the other."""
        self.sections += sections

    def write(self) -> Path:
        """RESULTS.md, the other sections that it had in their places."""
        path = self.out / "RESULTS.md"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        found = split_sections(before) | split_sections("\n\n".join(self.sections))
        parts = [f"# Results\n\n{LEAD}", *(found[title] for title in TITLES if title in found)]
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        return path

    def figure(self, name: str, drawn: Figure, below: str = "") -> str:
        """The figure as a file, charts as PNG and photographs as JPEG; returns its Markdown."""
        kind = "jpg" if name.endswith(PICTURES) else "png"
        path = self.out / "figures" / f"{name}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "jpg":
            drawn.savefig(path, dpi=DPI, pil_kwargs={"quality": QUALITY})
        else:
            drawn.savefig(path, dpi=DPI, metadata={"Software": None})
        print(path)
        return picture(path.name, below)

    def photographs(self, prefix: str, models: dict[str, Model], data: ConfigDict) -> list[str]:
        """Predictions of all models; temperatures and a pixel of the last: Markdown, credited."""
        shown: list[Credit] = []
        if data.source != SOURCE:
            shown = self.choose(photos.open_splits(data)["test"])
            if not shown:
                return ["No photograph of the test split may be shown."]
        for model in models.values():  # all show the photographs that all are scored on
            model.description["config"]["data"] = data.to_dict()
        last = [name for name in models if name not in VARIANTS][-1]  # none with a mistake
        count, parts = PHOTOGRAPHS.value, []
        chosen = [credit.file for credit in shown]
        for name, drawn in drawings.from_photographs(models, "test", count, chosen):
            if name in ("predictions", f"{last}_temperatures", f"{last}_pixel"):
                of = shown if name == "predictions" else shown[:1]
                parts.append(self.figure(f"{prefix}_{name}", drawn, results.credited(of)))
        return parts

    def choose(self, test: photos.Photographs) -> list[Credit]:
        """The photographs to show: those of --names, or the first of the split that may be."""
        if refused := [name for name in NAMES.value if name not in self.allowed]:
            raise app.UsageError(f"--names has {', '.join(refused)}, which --index does not allow")
        here = [photograph["name"] for photograph in test]
        found = NAMES.value or [name for name in here if name in self.allowed][: PHOTOGRAPHS.value]
        return [self.allowed[name] for name in found]


def loaded(home: Path, file: str, made_by: str) -> dict[str, Any]:
    """What a command wrote, or how to make it."""
    if not (home / file).exists():
        raise SystemExit(f"no {home / file}: run {made_by} first")
    return json.loads((home / file).read_text())


def config_of(home: Path) -> ConfigDict:
    """The config of a run, with what options there were not yet."""
    config = default.get_config()
    config.update(json.loads((home / checkpoint.CONFIG).read_text()))
    return config


def ran(runs: Mapping[str, Path]) -> Rows:
    """What exactly was trained, on what."""
    rows = []
    for name, home in runs.items():
        machine = home / record.MACHINE
        known = json.loads(machine.read_text()) if machine.exists() else None
        rows.append(results.run_row(name, config_of(home).to_dict(), record.read(home), known))
    return rows


def study_sections(page: Page, home: Path, title: str, prefix: str) -> None:
    """The nine models, beside the study's numbers and claims."""
    found = loaded(home, "study.json", f"experiments/reproduce.py --workdir={home}")
    if "figures" not in found:
        raise SystemExit(f"{home} is not finished: the same command as before goes on from there")
    runs = {name: home / name for name in found["models"]}
    models = {name: checkpoint.load(path) for name, path in runs.items()}
    final = [name for name in runs if config_of(runs[name]).data.subset == "final"] or list(runs)
    scores = {
        name: {"model": found["figures"][name], "grey": found["figures"]["grey"]} for name in runs
    }
    test = f"{found['photographs']['test']} test photographs"
    page.add(section(title, introduction(found), _command(found["plan"]), rows=ran(runs)))
    parts = [section(head, text, rows=rows, level=3) for head, text, rows in tables(found)]
    drawn = [page.figure(f"{prefix}_metrics", charts.metric_bars(scores, test))]
    for name, figure in (*drawings.from_logs(runs), *drawings.from_priors(models)):
        drawn.append(page.figure(f"{prefix}_{name}", figure))
    known = {
        name: x for name, x in found["figures"].items() if "log_density" in x and "@" not in name
    }
    if known:
        drawn.append(page.figure(f"{prefix}_paint", paint_probability(known)))
    drawn += page.photographs(prefix, models, config_of(runs[final[-1]]).data)
    page.add(*parts, section("Figures", *drawn, level=3))


def ablation_section(page: Page, home: Path) -> None:
    """What each choice is worth."""
    found = loaded(home, "ablation.json", f"experiments/ablate.py --workdir={home}")
    if not found["variants"]:
        raise SystemExit(f"{home} is not finished: the same command as before goes on from there")
    runs = {name: home / name for name in found["variants"]}
    other = ablation.departures(found["config"], two_cores.get_config())
    base = "[configs/two_cores.py](../configs/two_cores.py)"
    about = f"{ablation.text(found)} The base is {base}{other}."
    page.add(
        section(TITLES[2], about, _command(found["plan"]), rows=ablation.rows(found)),
        section("What ran", rows=ran(runs), level=3),
    )


def release_section(page: Page, home: Path) -> None:
    """The released model on its test split."""
    scores = loaded(home, "test.json", f"experiments/evaluate.py --workdir={home}")
    config = config_of(home)
    about = (
        f"On {scores['photographs']} test photographs that it never saw, read out at T = "
        f"{config.colour.temperature:g}, means with 95 % bootstrap intervals over photographs."
    )
    runs = {home.name: home}
    drawn = [
        page.figure(f"{home.name}_{name}", figure) for name, figure in drawings.from_logs(runs)
    ]
    drawn += page.photographs("released", {home.name: checkpoint.load(home)}, config.data)
    page.add(
        section(TITLES[3], about, rows=metric_rows(scores)),
        section("What ran", rows=ran(runs), level=3),
        *drawn,
    )


def benchmark_section(page: Page, home: Path) -> None:
    """How fast everything is."""
    found = loaded(home, "benchmark.json", f"experiments/benchmark.py --out={home}")
    about = f"On {results.device(found['machine'])}; medians over runs that took turns."
    page.add(section(TITLES[4], about, rows=results.benchmark_rows(found)))


def _command(plan: Mapping[str, Any]) -> str:
    return f"```\n{plan['command']}\n```" if "command" in plan else ""


def allowed_photographs() -> dict[str, Credit]:
    """By --index."""
    if INDEX.value is None:
        return {}
    with Path(INDEX.value).open(newline="", encoding="utf-8") as file:
        return results.credits(csv.DictReader(file))


def main() -> None:
    """Each section whose files are named."""
    page = Page(Path(OUT.value), allowed_photographs())
    if STUDY.value:
        study_sections(page, Path(STUDY.value), TITLES[0], "study")
    if DRAWN.value:
        study_sections(page, Path(DRAWN.value), TITLES[1], "drawn")
    if ABLATION.value:
        ablation_section(page, Path(ABLATION.value))
    if RELEASE.value:
        release_section(page, Path(RELEASE.value))
    if BENCHMARK.value:
        benchmark_section(page, Path(BENCHMARK.value))
    if not page.sections:
        raise app.UsageError("name what there is: --study, --release, --ablation, ...")
    print(page.write())


if __name__ == "__main__":
    entry.run(main)
