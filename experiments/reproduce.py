"""Repeat the study: train its models, score them on the same photographs, and test its claims.

    python experiments/reproduce.py --workdir=runs/study --budget_minutes=25

Writes study.json, study.csv, study.md, figures/ and report.html; rerun the same command to resume
where it stopped. Any --config.* holds for all models. The experimental and the final set are the
study's synsets (--config.data.source=imagenet_vehicles --config.data.path=TARS), or those that
--experimental and --final list; any other source is one set for both.

--at_once=2 trains as many models at a time, each by a process with a share of the CPU's cores:
narrow networks do not keep many cores busy.

On a machine without the tars, or for a short time: --pack=PARTS packs both sets here (see pack.py)
and trains nothing. There, --config.data.data_dir=SETS without --config.data.path opens what
`pack.py --join` made of the parts, --models trains a few at a time, and --bring=FOLDER leaves what
to bring back of them: logs, metrics of each photograph, pictures, and the parameters of the
simplified networks in bfloat16. Here again, --merge=FOLDER,... adds that to --workdir and reports
all that is there, with the flags of the sets as there. docs/gpu.md has the commands.

--keep=FOLDER leaves logs, metrics of each photograph and bfloat16 parameters of the runs, without
pictures of photographs, to be committed: results.py --study=FOLDER reports them.
"""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cic_jax import startup

with startup.imports(__name__):
    from absl import app, flags
    from ml_collections import config_flags

    from cic_jax import entry, machine
    from cic_jax.configs import default
    from cic_jax.photos import pack
    from cic_jax.report.results import command
    from cic_jax.study import at_once, kept, published, sample, speeds, transport
    from cic_jax.study.reproduction import reproduce
    from cic_jax.study.runs import configure

CONFIG = entry.define_config(default.get_config())
WORKDIR = flags.DEFINE_string("workdir", "runs/study", "Directory of the runs and the results.")
MODELS = flags.DEFINE_list("models", [], "Models to train now; all by default.")
VARIANTS = flags.DEFINE_bool("variants", False, "Also train models with the study's mistakes.")
SEEDS = flags.DEFINE_list("seeds", ["0"], "Seeds; each model is trained once with each.")
BUDGET = flags.DEFINE_float(
    "budget_minutes", None, "Fit training and scoring into this: scales all epochs alike."
)
EXPERIMENTAL = flags.DEFINE_list("experimental", [], "WordNet ids of the experimental set.")
FINAL = flags.DEFINE_list("final", [], "WordNet ids of the final set; must hold the other set.")
AT_MOST = flags.DEFINE_integer("at_most", 0, "Photographs per id of the experimental set; 0: all.")
AS_MANY = flags.DEFINE_list(
    "as_many", [], "Ids that join the experimental set, with as many photographs as the others."
)
PACK = flags.DEFINE_string("pack", None, "New folder for the packed sets; trains nothing.")
FORMAT = flags.DEFINE_enum("format", "webp", pack.FORMATS, "Encoding of packed photographs.")
QUALITY = flags.DEFINE_integer("quality", 90, "Its quality.", lower_bound=1, upper_bound=100)
AT_ONCE = flags.DEFINE_integer("at_once", 1, "Models to train at a time.", lower_bound=1)
REPORT = flags.DEFINE_bool("report", True, "Report what is finished, after the training.")
BENCHMARK = flags.DEFINE_string(
    "benchmark", None, "A benchmark.json with both networks' training, to test the claim of speed."
)
BRING = flags.DEFINE_string("bring", None, "Folder to leave there what to bring back.")
KEEP = flags.DEFINE_string("keep", None, "Folder for what to keep of the runs beside the code.")
MERGE = flags.DEFINE_list("merge", [], "Folders that were brought back, to merge; trains nothing.")


def model_names(overrides: Mapping[str, Any]) -> tuple[str, ...]:
    """List the names of all models; raise UsageError for flags that contradict each other."""
    if "seed" in overrides or (BUDGET.value is not None and "train.epochs" in overrides):
        raise app.UsageError("--seeds sets config.seed, --budget_minutes config.train.epochs")
    if AT_ONCE.value > 1 and (MERGE.value or PACK.value or BUDGET.value is not None):
        raise app.UsageError("--at_once goes with training alone, without --budget_minutes")
    if not all(seed.isdecimal() for seed in SEEDS.value):
        raise app.UsageError(f"--seeds lists whole numbers; given is {','.join(SEEDS.value)}")
    known = (*published.MODELS, *(published.VARIANTS if VARIANTS.value else ()))
    if unknown := set(MODELS.value) - set(known):
        raise app.UsageError(f"--models has {', '.join(unknown)}; there are {', '.join(known)}")
    return known


def main() -> None:
    """Set the runs up and carry them out."""
    workdir = Path(WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    machine.keep_compiled(workdir / "compiled")
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    names = model_names(overrides)
    synsets = sample.Synsets(EXPERIMENTAL.value, FINAL.value, AT_MOST.value or None, AS_MANY.value)
    sets = sample.subsets(workdir, CONFIG.value, overrides, synsets)
    if PACK.value:
        for part in sample.pack_sets(
            CONFIG.value, sets, Path(PACK.value), FORMAT.value, QUALITY.value
        ):
            print(part)
        return
    if MERGE.value:
        merged = transport.merge([Path(folder) for folder in MERGE.value], workdir)
        print(f"Merged: {', '.join(merged) or 'nothing new'}")
    runs = [
        configure(name, int(seed), workdir, sets, overrides)
        for seed in SEEDS.value
        for name in names
    ]
    measured = speeds.from_benchmark(Path(BENCHMARK.value)) if BENCHMARK.value else None
    carry_out = partial(
        reproduce, workdir, runs, command(sys.argv), MODELS.value, BUDGET.value, speeds=measured
    )
    if AT_ONCE.value > 1:
        carry_out(train=False, report=False)  # prepares the photographs and the plan, once
        at_once.train(sys.argv, MODELS.value or names, AT_ONCE.value)
    carry_out(train=AT_ONCE.value == 1 and not MERGE.value, report=REPORT.value)
    chosen = [run for run in runs if run.model in MODELS.value or not MODELS.value]
    if BRING.value:
        for piece in transport.bring(workdir, chosen, Path(BRING.value)):
            print(f"{piece}  {piece.stat().st_size / 2**20:.1f} MiB")
    if KEEP.value:
        for name in kept.keep(workdir, chosen, Path(KEEP.value)):
            print(f"Kept: {Path(KEEP.value) / name}")
    print(f"The report: {(workdir / 'report.html').absolute()}")


if __name__ == "__main__":
    entry.run(main)
