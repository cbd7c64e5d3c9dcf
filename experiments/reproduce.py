"""Repeat the study: train its models, score them on the same photographs, and test its claims.

    python experiments/reproduce.py --workdir=runs/study --budget_minutes=25

Writes study.json, study.csv, study.md, figures/ and report.html; the same command again goes on
where it stopped. Any --config.* holds for all models. The experimental and the final set are the
study's synsets (--config.data.source=imagenet_vehicles --config.data.path=TARS), or those that
--experimental and --final list; any other source is one set for both.
"""

import importlib
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags
from matplotlib.figure import Figure
from ml_collections import ConfigDict, config_flags

from cic_jax import checkpoint, entry, machine, photos
from cic_jax.configs import default
from cic_jax.report import charts, drawings
from cic_jax.report.names import label
from cic_jax.report.results import command
from cic_jax.study import claims, files, published, sample, score, summary
from cic_jax.study import plan as study_plan
from cic_jax.study.runs import Run, configure
from cic_jax.train import evaluate, train

CONFIG = config_flags.DEFINE_config_dict("config", default.get_config())
WORKDIR = flags.DEFINE_string("workdir", "runs/study", "Where everything goes.")
MODELS = flags.DEFINE_list("models", [], "Those to train now; all unless given.")
VARIANTS = flags.DEFINE_bool("variants", False, "Train models with the study's mistakes, too.")
SEEDS = flags.DEFINE_list("seeds", ["0"], "Each model is trained once with each.")
BUDGET = flags.DEFINE_float(
    "budget_minutes", None, "Fit training and scoring into this: scales all epochs alike."
)
EXPERIMENTAL = flags.DEFINE_list("experimental", [], "WordNet ids of the experimental set.")
FINAL = flags.DEFINE_list("final", [], "WordNet ids of the final set, which holds the other.")
AT_MOST = flags.DEFINE_integer("at_most", 0, "Of each id in the experimental set; 0 is all.")
AS_MANY = flags.DEFINE_list(
    "as_many", [], "Ids that join the experimental set with as many as it has of the others."
)

SHOWN = 5  # test photographs

Options = dict[str, Any]


def checked_models(overrides: Options) -> tuple[str, ...]:
    """All models that there are; raises UsageError for flags that ask for something else."""
    if "seed" in overrides or (BUDGET.value is not None and "train.epochs" in overrides):
        raise app.UsageError("--seeds sets config.seed, --budget_minutes config.train.epochs")
    if not all(seed.isdecimal() for seed in SEEDS.value):
        raise app.UsageError(f"--seeds lists whole numbers; given is {','.join(SEEDS.value)}")
    known = (*published.MODELS, *(published.VARIANTS if VARIANTS.value else ()))
    if unknown := set(MODELS.value) - set(known):
        raise app.UsageError(f"--models has {', '.join(unknown)}; there are {', '.join(known)}")
    return known


def subsets(workdir: Path, config: ConfigDict, overrides: Options) -> dict[str, Options]:
    """What makes the experimental and the final set: options below `data`."""
    experimental, final = (
        tuple(sorted(set(ids))) for ids in (EXPERIMENTAL.value + AS_MANY.value, FINAL.value)
    )
    imagenet = config.data.source == "imagenet_vehicles"
    if not experimental and not final:
        if not imagenet or {"data.subset", "data.synsets"} & overrides.keys():
            print("One set of photographs serves as the experimental and as the final one.")
        return {"experimental": {}, "final": {}}
    if not imagenet or not EXPERIMENTAL.value or not set(experimental) <= set(final):
        raise app.UsageError(
            "--experimental and --final list synsets of --config.data.source=imagenet_vehicles, "
            "the final set all of the experimental one: else what one model trains on could be a "
            "near-duplicate of what all are tested on"
        )
    options: Options = {"synsets": experimental}
    if AT_MOST.value or AS_MANY.value:
        home = workdir / "experimental"
        options |= {"path": str(home / "tars"), "data_dir": str(home / "prepared")}
        tars = Path(config.data.path).expanduser()
        chosen = EXPERIMENTAL.value, AT_MOST.value or None, AS_MANY.value
        sample.sample(tars, home / "tars", *chosen)
    return {"experimental": options, "final": {"synsets": final}}


def config_of(name: str) -> ConfigDict:
    """A model's config file, with the mistake that its variant repeats."""
    base, mistake = published.VARIANTS.get(name, (name, {}))
    config = importlib.import_module(f"cic_jax.configs.{base}").get_config()
    config.update_from_flattened_dict(mistake)
    return config


def wanted(run: Run) -> bool:
    """Whether --models names it."""
    return run.model in MODELS.value or not MODELS.value


def schedule(workdir: Path, runs: Sequence[Run], steps_per_epoch: dict[str, int]) -> Options:
    """Give each run its epochs, by the plan, which is written down first."""
    planned = plan(workdir, list(filter(wanted, runs)), steps_per_epoch)
    for run in runs:
        epochs = planned["factor"] * run.config.train.epochs
        run.config.train.update(study_plan.schedule(epochs, steps_per_epoch[run.subset]))
        print(f"{label(run.model)}, seed {run.seed}: {run.config.train.epochs:.3g} epochs")
    planned["epochs"] = {run.model: run.config.train.epochs for run in runs}
    (workdir / "study.json").write_text(json.dumps({"plan": planned}, indent=1) + "\n")
    return planned


def plan(workdir: Path, runs: Sequence[Run], steps_per_epoch: dict[str, int]) -> Options:
    """By what all epochs are multiplied, and the costs behind it; a rerun keeps to the first."""
    path, minutes = workdir / "study.json", BUDGET.value
    if path.exists():
        before = json.loads(path.read_text())["plan"]
        if minutes not in (None, before["minutes"]):
            raise app.UsageError(
                f"{workdir} was planned for {before['minutes'] or 'any number of'} minutes: leave "
                "out --budget_minutes to go on with that, or name another --workdir"
            )
        whole = minutes == before["minutes"] and not MODELS.value  # else it would not repeat this
        return before | ({"command": command(sys.argv)} if whole else {})
    factor, seconds = 1.0, Options()
    if minutes is not None:
        factor, seconds = fit(60 * minutes, workdir / "probe", runs, steps_per_epoch)
    return {"command": command(sys.argv), "minutes": minutes, "factor": factor, "seconds": seconds}


def fit(
    seconds: float, probe: Path, runs: Sequence[Run], steps_per_epoch: dict[str, int]
) -> tuple[float, Options]:
    """The factor for all epochs, measuring included, and what each kind of network costs."""
    start, costs, jobs = time.monotonic(), {}, []
    for run in runs:
        steps, kind = steps_per_epoch[run.subset], study_plan.kind(run.config)
        if kind not in costs:
            print(f"Measuring: {kind} ...", flush=True)
            costs[kind] = study_plan.measure(run.config, probe, steps)
        jobs.append(study_plan.Job(run.epochs, steps, costs[kind]))
    factor = study_plan.common_factor(seconds - (time.monotonic() - start), jobs)
    shutil.rmtree(probe)
    return factor, {kind: cost._asdict() for kind, cost in costs.items()}


def carry_out(runs: Sequence[Run], steps_per_epoch: dict[str, int]) -> list[Run]:
    """Train what --models names, where it is not; returns the runs of the models that are."""
    for run in runs:
        steps = steps_per_epoch[run.subset]
        if wanted(run) and not run.finished(steps):
            print(f"Training {label(run.model)}, seed {run.seed} ...", flush=True)
            train(run.config, run.home)
            if not run.finished(steps):
                sys.exit(f"{run.home} was interrupted: the same command goes on from there")
    waiting = {run.model for run in runs if not run.finished(steps_per_epoch[run.subset])}
    return [run for run in runs if run.model not in waiting]


def gather(runs: Sequence[Run], photographs: photos.Photographs) -> claims.Scores:
    """Every figure by seed and photograph: of models, their last steps, grey and the truth."""
    seeds: dict[str, list[evaluate.Columns]] = {}
    grey = score.grey_table(photographs, runs[0].config)
    for run in runs:
        print(f"Scoring {label(run.model)}, seed {run.seed} ...", flush=True)
        best, latest = run.saved()
        tables = score.score(run.home, run.config, photographs, grey, "test", best)
        last = tables
        if latest != best:
            last = score.score(run.home, run.config, photographs, grey, "test_last", latest)
        seeds.setdefault(run.model, []).append(tables["model"])
        seeds.setdefault(f"{run.model}@last", []).append(last["model"])
    return score.stack(seeds | {key: [tables[key]] for key in ("grey", "truth")})


def all_figures(
    runs: Sequence[Run], results: Options, final: ConfigDict
) -> Iterator[tuple[str, Figure]]:
    """The bars of the metrics, and the other figures of the first seed."""
    homes = {run.model: run.home for run in reversed(runs)}
    homes = {name: homes[name] for name in results["models"]}
    loaded = {name: checkpoint.load(home) for name, home in homes.items()}
    for model in loaded.values():  # all show the photographs that all are scored on
        model.description["config"]["data"] = final.to_dict()
    found = results["figures"]
    scores = {name: {"model": found[name], "grey": found["grey"]} for name in loaded}
    count = results["photographs"]["test"]
    yield "metrics", charts.metric_bars(scores, f"{count} test photographs")
    yield from drawings.from_logs(homes)
    yield from drawings.from_priors(loaded)
    yield from drawings.from_photographs(loaded, "test", SHOWN, [])


def main() -> None:
    """Plan, train, score, write."""
    workdir = Path(WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    machine.keep_compiled(workdir / "compiled")
    config, overrides = CONFIG.value, config_flags.get_override_values(flags.FLAGS["config"])
    names, seeds = checked_models(overrides), [int(seed) for seed in SEEDS.value]
    sets = subsets(workdir, config, overrides)
    runs = [
        configure(name, seed, config_of(name), workdir, sets, overrides)
        for seed in seeds
        for name in names
    ]
    data = {run.subset: run.config.data for run in runs}
    splits = {subset: photos.open_splits(each) for subset, each in data.items()}
    steps_per_epoch = {
        subset: max(1, len(each["train"]) // config.train.batch_size)
        for subset, each in splits.items()
    }
    planned = schedule(workdir, runs, steps_per_epoch)
    done = carry_out(runs, steps_per_epoch)
    test = splits["final"]["test"]
    results = {
        "plan": planned,
        "source": config.data.source,
        "temperature": config.colour.temperature,
        "seeds": seeds,
        "photographs": {
            "train": {subset: len(each["train"]) for subset, each in splits.items()},
            "test": len(test),
        },
        **summary.summarise(done, gather(done, test), steps_per_epoch),
    }
    files.write(workdir, results, dict(all_figures(done, results, data["final"])))
    print(f"The report: {(workdir / 'report.html').absolute()}")


if __name__ == "__main__":
    entry.run(main)
