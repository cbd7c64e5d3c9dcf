"""Repeat the study: train its models, score them on the same photographs, and test its claims.

    python experiments/reproduce.py --workdir=runs/study --budget_minutes=25

Writes study.json, study.csv, study.md, figures/ and report.html; the same command again goes on
where it stopped. Any --config.* holds for all models. The experimental and the final set are the
study's synsets (--config.data.source=imagenet_vehicles --config.data.path=TARS), or those that
--experimental and --final list; any other source is one set for both.
"""

import csv
import hashlib
import importlib
import json
import shutil
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import app, flags
from matplotlib.figure import Figure
from ml_collections import ConfigDict, config_flags

from cic_jax import (
    checkpoint,
    claims,
    entry,
    evaluate,
    experiment,
    figures,
    interval,
    page,
    parallel,
    photos,
    plausibility,
    record,
    study,
    study_report,
)
from cic_jax import model as models
from cic_jax.figure_style import label, save
from cic_jax.results import command
from cic_jax.train import train
from configs import default
from experiments import drawings

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

PROBE_STEPS = 10  # whose time is measured, after as many that compile
SHOWN = 5  # test photographs
SECTIONS = ("metrics", "losses", "predictions", "bins")  # and those of the simplified models

Options = dict[str, Any]


class Run(NamedTuple):
    """A model of the study, to be trained with one seed on the experimental or the final set."""

    model: str
    seed: int
    subset: str
    epochs: float  # in the study
    config: ConfigDict
    home: Path

    def saved(self) -> tuple[int | None, int | None]:
        """The steps that are kept: of the least validation loss, and the latest."""
        if not (self.home / checkpoint.CONFIG).exists():
            return None, None
        with checkpoint.manager(self.home, self.config.train.best_metric) as manager:
            return manager.best_step(), manager.latest_step()

    def total_steps(self, steps_per_epoch: int) -> int:
        """How many it trains."""
        return max(1, round(self.config.train.epochs * steps_per_epoch))


def configure(name: str, seed: int, workdir: Path, sets: dict[str, Options], overrides: Options):
    """The run of a model: its config file, what the command line sets, and its photographs."""
    base, mistake = study.VARIANTS.get(name, (name, {}))
    config = importlib.import_module(f"configs.{base}").get_config()
    subset, epochs = config.data.subset, config.train.epochs
    config.update_from_flattened_dict(mistake | overrides | {"seed": seed})
    config.data.update(sets[subset])
    if name in study.STARTS_FROM:
        config.train.init_from = str(home_of(study.STARTS_FROM[name], seed, workdir))
    experiment.check(config)
    return Run(name, seed, subset, epochs, config, home_of(name, seed, workdir))


def home_of(name: str, seed: int, workdir: Path) -> Path:
    """Of seed 0 the model's own directory, of others one below it: seeds can be added later."""
    return workdir / name / f"seed{seed}" if seed else workdir / name


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
        options["path"] = str(workdir / "experimental" / "tars")
        options["data_dir"] = str(workdir / "experimental" / "prepared")
        sample_tars(Path(config.data.path).expanduser(), Path(options["path"]))
    return {"experimental": options, "final": {"synsets": final}}


def sample_tars(tars: Path, out: Path) -> None:
    """Copy the experimental set's tars, with so many photographs each as it is to have."""
    if missing := [
        wnid for wnid in EXPERIMENTAL.value + AS_MANY.value if not (tars / f"{wnid}.tar").is_file()
    ]:
        raise app.UsageError(f"no {', '.join(missing)} in {tars}, which config.data.path names")
    out.mkdir(parents=True, exist_ok=True)
    most = AT_MOST.value or None
    count = sum(sample_tar(tars / f"{wnid}.tar", out, most) for wnid in EXPERIMENTAL.value)
    for wnid in AS_MANY.value:
        sample_tar(tars / f"{wnid}.tar", out, count // len(AS_MANY.value))


def sample_tar(source: Path, out: Path, most: int | None) -> int:
    """Copy `most` photographs, which ones their names decide; returns how many it were."""
    with tarfile.open(source) as tar:
        files = [member for member in tar if member.isfile()]
        files.sort(key=lambda member: hashlib.blake2b(member.name.encode()).digest())
        with tarfile.open(out / source.name, "w") as chosen:
            for member in files[:most]:
                chosen.addfile(member, tar.extractfile(member))
    return len(files[:most])


def plan(workdir: Path, runs: Sequence[Run], steps_per_epoch: dict[str, int]) -> Options:
    """By what all epochs are multiplied, and the costs behind it; a rerun keeps to the first."""
    path, minutes, start = workdir / "study.json", BUDGET.value, time.monotonic()
    if path.exists():
        before = json.loads(path.read_text())["plan"]
        if minutes not in (None, before["minutes"]):
            raise app.UsageError(
                f"{workdir} was planned for {before['minutes'] or 'any number of'} minutes: leave "
                "out --budget_minutes to go on with that, or name another --workdir"
            )
        return before
    written: Options = {
        "command": command(sys.argv),
        "minutes": minutes,
        "factor": 1.0,
        "seconds": {},
    }
    if minutes is not None:
        costs = {}
        for run in runs:
            if kind(run) not in costs:
                print(f"Measuring: {kind(run)} ...", flush=True)
                costs[kind(run)] = measure(run, workdir / "probe", steps_per_epoch[run.subset])
        jobs = [
            study.Job(run.epochs, steps_per_epoch[run.subset], costs[kind(run)]) for run in runs
        ]
        left = 60 * minutes - (time.monotonic() - start)
        written["factor"] = study.common_factor(left, jobs)
        written["seconds"] = {name: cost._asdict() for name, cost in costs.items()}
        shutil.rmtree(workdir / "probe")
    return written


def kind(run: Run) -> str:
    """What decides how long a step takes."""
    return f"{run.config.model.network} network, predicting {run.config.target.predict}"


def measure(run: Run, home: Path, steps_per_epoch: int) -> study.Cost:
    """What the run's network costs on this machine, from a short training."""
    shutil.rmtree(home, ignore_errors=True)
    config = run.config.copy_and_resolve_references()
    some = PROBE_STEPS / steps_per_epoch
    config.train.update(epochs=2 * some, evaluate_every=some, init_from="")
    start = time.monotonic()
    train(config, home)
    trained = time.monotonic()
    splits = photos.open_splits(config.data)
    score(run._replace(config=config, home=home), None, splits["test"], "test")
    scored = time.monotonic()
    line = [line for line in record.read(home) if line["split"] == "train"][-1]
    step = config.train.batch_size / line["images_per_second"]
    evaluation = seconds_of_evaluation(checkpoint.load(home), splits["validation"], config)
    others = trained - start - 2 * PROBE_STEPS * step - 2 * evaluation
    return study.Cost(max(0.0, others), step, evaluation, scored - trained)


def seconds_of_evaluation(
    model: models.Model, photographs: photos.Photographs, config: ConfigDict
) -> float:
    """Of one pass, once the program is compiled."""
    palette = experiment.remembered_palette(config, model.description)
    target = experiment.build_target(config, palette)
    table_of = evaluate.evaluator(model.network, target, config)
    variables = parallel.replicate(model.variables)
    table_of(variables, photographs)
    start = time.monotonic()
    table_of(variables, photographs)
    return time.monotonic() - start


def score(
    run: Run, step: int | None, photographs: photos.Photographs, name: str
) -> dict[str, evaluate.Table]:
    """Of "model", "grey" and "truth" every figure of each photograph; written beside the run.

    A `step` of None is the one of the least validation loss. On drawn photographs the
    plausibility of each painted object is added: columns of another length.
    """
    model = checkpoint.load(run.home, step=step)
    tables = evaluate.report(model, photographs, run.config).tables
    columns: dict[str, list[np.ndarray]] = {"model": [], "grey": []}
    for batch, ab in plausibility.predictions(model, photographs, run.config):
        for key, colours in (("model", ab), ("grey", np.zeros_like(ab))):
            ssim = study.ssim_range_2(batch["photo"], batch["mask"], colours)
            columns[key].append(np.asarray(ssim)[batch["valid"]])
    for key, values in columns.items():
        tables[key]["ssim_range_2"] = np.concatenate(values)
    write_tables(tables, run.home, name)
    tables["truth"] = {"colorfulness": tables["model"]["colorfulness_truth"]}
    if run.config.data.source == plausibility.SOURCE:
        objects = plausibility.objects(model, photographs, run.config)
        write_tables(objects, run.home, f"{name}_objects")
        for key, table in objects.items():
            tables[key] |= {metric: values for metric, values in table.items() if metric != "name"}
    return tables


def write_tables(tables: dict[str, evaluate.Table], home: Path, name: str) -> None:
    """`<name>.csv` with every row, `<name>.json` with intervals."""
    summary = {key: evaluate.intervals(table) for key, table in tables.items()}
    evaluate.write(evaluate.Report(tables, summary), home, name)


def gather(runs: Sequence[Run], photographs: photos.Photographs) -> claims.Scores:
    """Every figure by seed and photograph: of models, their last steps, grey and the truth."""
    seeds: dict[str, list[evaluate.Table]] = {}
    for run in runs:
        print(f"Scoring {label(run.model)}, seed {run.seed} ...", flush=True)
        least, latest = run.saved()
        tables = score(run, least, photographs, "test")
        last = tables if latest == least else score(run, latest, photographs, "test_last")
        seeds.setdefault(run.model, []).append(tables["model"])
        seeds.setdefault(f"{run.model}@last", []).append(last["model"])
    seeds |= {key: [tables[key]] for key in ("grey", "truth")}
    return {
        name: {
            metric: np.stack([table[metric] for table in tables])
            for metric in tables[0]
            if metric != "name"
        }
        for name, tables in seeds.items()
    }


def summarise(
    runs: Sequence[Run], scores: claims.Scores, steps_per_epoch: dict[str, int]
) -> Options:
    """What study.json holds of the models, their figures and the claims."""
    described: dict[str, Options] = {}
    measured: dict[str, dict[str, np.ndarray]] = {metric: {} for metric in claims.RATIOS}
    for name in dict.fromkeys(run.model for run in runs):
        same = [run for run in runs if run.model == name]
        logs = [line for run in same for line in record.read(run.home) if line["split"] == "train"]
        speeds = np.array([line["images_per_second"] for line in logs])
        count = models.parameter_count(checkpoint.load(same[0].home).variables)
        measured["images_per_second"][name] = speeds
        measured["parameters"][name] = np.array([count])
        described[name] = {
            "epochs": same[0].config.train.epochs,
            "study_epochs": same[0].epochs,
            "steps": same[0].total_steps(steps_per_epoch[same[0].subset]),
            "best_steps": [run.saved()[0] for run in same],
            "parameters": count,
            "images_per_second": float(np.median(speeds)),
        }
    every = [*claims.CLAIMS, *map(claims.overfitting, described)]
    return {
        "models": described,
        "figures": {
            name: {metric: interval.interval(values) for metric, values in found.items()}
            for name, found in scores.items()
        },
        "claims": [claims.judge(claim, scores) for claim in every]
        + [claims.judge_ratio(metric, values) for metric, values in measured.items()],
    }


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
    yield "metrics", figures.metric_bars(scores, f"{count} test photographs")
    yield from drawings.from_logs(homes)
    yield from drawings.from_priors(loaded)
    yield from drawings.from_photographs(loaded, "test", SHOWN, [])


def write(workdir: Path, results: Options, drawn: dict[str, Figure]) -> None:
    """All files but those of the runs."""
    (workdir / "study.json").write_text(json.dumps(results, indent=1) + "\n")
    with (workdir / "study.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["colouring", "metric", "mean", "low", "high", "study"])
        for name, found in results["figures"].items():
            for metric, x in found.items():
                published = study.PUBLISHED.get(name, {}).get(metric, "")
                rows.writerow([name, metric, x["mean"], x["low"], x["high"], published])
    for name, figure in drawn.items():
        save(figure, workdir / "figures" / f"{name}.png")
    title, lead, tables = (
        "The study, repeated",
        study_report.lead(results),
        study_report.tables(results),
    )
    parts = [f"## {head}\n\n{text}\n\n{study_report.markdown(rows)}" for head, text, rows in tables]
    (workdir / "study.md").write_text("\n".join([f"# {title}\n\n{lead}\n", *parts]))
    sections = [page.Section(head, text, page.table(rows)) for head, text, rows in tables]
    sections += [
        page.Section(label(name), "", page.chart(figure, label(name)))
        for name, figure in drawn.items()
        if name in SECTIONS or name.startswith("simplified_")
    ]
    page.write(workdir / "report.html", title, lead, sections)


def checked_models(overrides: Options) -> tuple[str, ...]:
    """All models that there are; raises UsageError for flags that ask for something else."""
    if "seed" in overrides or (BUDGET.value is not None and "train.epochs" in overrides):
        raise app.UsageError("--seeds sets config.seed, --budget_minutes config.train.epochs")
    if not all(seed.isdecimal() for seed in SEEDS.value):
        raise app.UsageError(f"--seeds lists whole numbers; given is {','.join(SEEDS.value)}")
    known = (*study.MODELS, *(study.VARIANTS if VARIANTS.value else ()))
    if unknown := set(MODELS.value) - set(known):
        raise app.UsageError(f"--models has {', '.join(unknown)}; there are {', '.join(known)}")
    return known


def schedule(workdir: Path, runs: Sequence[Run], steps_per_epoch: dict[str, int]) -> Options:
    """Give each run its epochs, by the plan, which is written down first."""
    wanted = [run for run in runs if run.model in MODELS.value or not MODELS.value]
    written = plan(workdir, wanted, steps_per_epoch)
    for run in runs:
        epochs = written["factor"] * run.config.train.epochs
        run.config.train.update(study.schedule(epochs, steps_per_epoch[run.subset]))
        print(f"{label(run.model)}, seed {run.seed}: {run.config.train.epochs:.3g} epochs")
    written["epochs"] = {run.model: run.config.train.epochs for run in runs}
    (workdir / "study.json").write_text(json.dumps({"plan": written}, indent=1) + "\n")
    return written


def carry_out(runs: Sequence[Run], steps_per_epoch: dict[str, int]) -> list[Run]:
    """Train what --models names, where it is not; returns the runs of the models that are."""

    def finished(run: Run) -> bool:
        return run.saved()[1] == run.total_steps(steps_per_epoch[run.subset])

    for run in runs:
        if (run.model in MODELS.value or not MODELS.value) and not finished(run):
            print(f"Training {label(run.model)}, seed {run.seed} ...", flush=True)
            train(run.config, run.home)
            if not finished(run):
                sys.exit(f"{run.home} was interrupted: the same command goes on from there")
    waiting = {run.model for run in runs if not finished(run)}
    return [run for run in runs if run.model not in waiting]


def main() -> None:
    """Plan, train, score, write."""
    workdir = Path(WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(workdir.absolute() / "compiled"))
    config, overrides = CONFIG.value, config_flags.get_override_values(flags.FLAGS["config"])
    names, seeds = checked_models(overrides), [int(seed) for seed in SEEDS.value]
    sets = subsets(workdir, config, overrides)
    runs = [configure(name, seed, workdir, sets, overrides) for seed in seeds for name in names]
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
        **summarise(done, gather(done, test), steps_per_epoch),
    }
    write(workdir, results, dict(all_figures(done, results, data["final"])))
    print(f"The report: {(workdir / 'report.html').absolute()}")


if __name__ == "__main__":
    entry.run(main)
