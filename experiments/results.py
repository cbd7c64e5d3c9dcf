"""Write RESULTS.md and its figures from the files that the other commands left.

    python experiments/results.py --study=runs/study --release=runs/release --ablation=runs/ablation

Sections of runs that are not named stay as an earlier command wrote them. Photographs are shown
only where --index, a CSV with the columns file, may_be_shown, author and page, allows it, and they
are credited; drawn scenes are always shown.
"""

import csv
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import app, flags

    from cic_jax import entry
    from cic_jax.report.results import Credit, credits
    from cic_jax.study import results_page

STUDY = flags.DEFINE_string("study", None, "Output of reproduce.py.")
REBALANCING = flags.DEFINE_string("rebalancing", None, "Output of rebalancing.py.")
JUDGED = flags.DEFINE_string("judged", None, "Output of matched.py --judge on the study's models.")
DRAWN = flags.DEFINE_string("drawn", None, "Output of reproduce.py on drawn scenes.")
RELEASE = flags.DEFINE_string("release", None, "A run of train.py that evaluate.py has scored.")
ABLATION = flags.DEFINE_string("ablation", None, "Output of ablate.py.")
BENCHMARK = flags.DEFINE_string("benchmark", None, "Output of benchmark.py.")
INDEX = flags.DEFINE_string("index", None, "A CSV that says which photographs may be shown.")
NAMES = flags.DEFINE_list("names", [], "Photographs to show, instead of the first allowed ones.")
PHOTOGRAPHS = flags.DEFINE_integer("photographs", 5, "How many to show.", lower_bound=1)
OUT = flags.DEFINE_string("out", "experiments", "Folder of RESULTS.md and figures/.")


def allowed_photographs() -> dict[str, Credit]:
    """Read from --index which photographs may be shown; none without it."""
    if INDEX.value is None:
        return {}
    with Path(INDEX.value).open(newline="", encoding="utf-8") as file:
        return credits(csv.DictReader(file))


def main() -> None:
    """Write each section whose files are named."""
    choice = results_page.Choice(allowed_photographs(), NAMES.value, PHOTOGRAPHS.value)
    page = results_page.Page(Path(OUT.value), choice)
    if STUDY.value:
        results_page.study_sections(page, Path(STUDY.value), results_page.STUDY, "study")
    if REBALANCING.value:
        results_page.rebalancing_section(page, Path(REBALANCING.value))
    if JUDGED.value:
        results_page.protocol_section(page, Path(JUDGED.value))
    if DRAWN.value:
        results_page.study_sections(page, Path(DRAWN.value), results_page.DRAWN, "drawn")
    if ABLATION.value:
        results_page.ablation_section(page, Path(ABLATION.value))
    if RELEASE.value:
        results_page.release_section(page, Path(RELEASE.value))
    if BENCHMARK.value:
        results_page.speed_section(page, Path(BENCHMARK.value))
    if not page.sections:
        raise app.UsageError("name what there is: --study, --release, --ablation, ...")
    print(page.write())


if __name__ == "__main__":
    entry.run(main)
