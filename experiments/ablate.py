"""What each choice of a recipe is worth: short runs, each one change from configs/two_cores.py.

    python experiments/ablate.py --workdir=runs/ablation --config.data.path=TARS --minutes=10

Every run sees the same number of photographs and is scored on the validation split. Writes
ablation.json and ablation.md; the same command again goes on where it stopped. Any --config.* holds
for all runs, --variants names some of them.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import app, flags
from ml_collections import ConfigDict, config_flags

from cic_jax import checkpoint, entry, lab, machine, photos
from cic_jax.configs import two_cores
from cic_jax.report.markdown import markdown
from cic_jax.report.names import label
from cic_jax.report.results import command
from cic_jax.study import ablation, plausibility, runs
from cic_jax.study.plan import photographs_per_second
from cic_jax.train import build, evaluate, parallel, train

CONFIG = config_flags.DEFINE_config_dict("config", two_cores.get_config())
WORKDIR = flags.DEFINE_string("workdir", "runs/ablation", "Where everything goes.")
VARIANTS = flags.DEFINE_list("variants", [], "Those to train now, beside the base; all unless set.")
MINUTES = flags.DEFINE_float(
    "minutes", None, "Of training for each run; sets --config.train.epochs for all."
)

TABLE = "validation.npz"


def configure(base: ConfigDict, options: dict[str, Any], plan: dict[str, Any]) -> ConfigDict:
    """A variant's config; it validates at the end alone."""
    config = base.copy_and_resolve_references()
    config.update_from_flattened_dict(options)
    config.train.update(epochs=plan["epochs"], evaluate_every=plan["epochs"])
    build.check(config)
    return config


def planned(workdir: Path, base: ConfigDict, splits: dict[str, photos.Photographs]) -> dict:
    """How long every run trains: by --minutes on this machine, written down at the first start."""
    path = workdir / "ablation.json"
    if path.exists():
        before = json.loads(path.read_text())["plan"]
        if MINUTES.value not in (None, before["minutes"]):
            raise app.UsageError(
                f"{workdir} was planned for {before['minutes']} minutes a run: leave out --minutes "
                "to go on with that, or name another --workdir"
            )
        whole = MINUTES.value == before["minutes"]  # else the command would not repeat this
        return before | ({"command": command(sys.argv)} if whole else {})
    steps_per_epoch = max(1, len(splits["train"]) // base.train.batch_size)
    epochs = base.train.epochs
    if MINUTES.value is not None:
        probe = workdir / "probe"
        rate = photographs_per_second(base, probe, steps_per_epoch)
        shutil.rmtree(probe)
        epochs = 60 * MINUTES.value * rate / base.train.batch_size / steps_per_epoch
    steps = max(1, round(epochs * steps_per_epoch))
    return {
        "command": command(sys.argv),
        "minutes": MINUTES.value,
        "epochs": steps / steps_per_epoch,
        "steps": steps,
        "batch_size": base.train.batch_size,
        "train": len(splits["train"]),
        "validation": len(splits["validation"]),
    }


def trained(config: ConfigDict, home: Path, steps: int) -> None:
    """Train unless that is done."""
    if runs.saved(home, config).latest != steps:
        train(config, home)
    if runs.saved(home, config).latest != steps:
        sys.exit(f"{home} was interrupted: the same command goes on from there")


def scored(
    home: Path, base: ConfigDict, base_home: Path, photographs: photos.Photographs
) -> dict[str, np.ndarray]:
    """Every figure of each photograph under the base's loss; kept beside the run."""
    if (home / TABLE).exists():
        with np.load(home / TABLE) as kept:
            return dict(kept)
    model = checkpoint.load(home)
    description = checkpoint.load(base_home).description
    target = build.build_target(base, build.remembered_palette(base, description))
    table_of = evaluate.evaluator(model.network, target, base)
    table: dict[str, Any] = dict(table_of(parallel.replicate(model.variables), photographs).columns)
    ours: list[np.ndarray] = []
    truth: list[np.ndarray] = []
    for batch, ab in plausibility.predictions(model, photographs, base):
        true_ab = lab.rgb_to_lab(batch["photo"].astype(np.float32) / 255)[..., 1:]
        for histograms, colours in ((ours, ab), (truth, true_ab)):
            found = ablation.histogram(jax.numpy.asarray(colours), jax.numpy.asarray(batch["mask"]))
            histograms.append(np.asarray(found)[batch["valid"]])
    table[ablation.HISTOGRAM], table[ablation.TRUE_HISTOGRAM] = map(np.concatenate, (ours, truth))
    np.savez(home / TABLE, **table)
    return table


def write(workdir: Path, results: dict[str, Any]) -> None:
    """ablation.json, and the same as Markdown."""
    (workdir / "ablation.json").write_text(json.dumps(results, indent=1) + "\n")
    if results["variants"]:
        table = markdown(ablation.rows(results))
        (workdir / "ablation.md").write_text(
            f"# What each choice is worth\n\n{ablation.text(results)}\n\n{table}"
        )


def main() -> None:
    """Plan, train, score, write."""
    workdir, base = Path(WORKDIR.value), CONFIG.value
    workdir.mkdir(parents=True, exist_ok=True)
    machine.keep_compiled(workdir / "compiled")
    variants = ablation.variants(base)
    if unknown := set(VARIANTS.value) - set(variants):
        raise app.UsageError(
            f"--variants has {', '.join(unknown)}; there are {', '.join(variants)}"
        )
    splits = photos.open_splits(base.data)
    plan = planned(workdir, base, splits)
    results: dict[str, Any] = {
        "plan": plan,
        "temperature": base.colour.temperature,
        "config": json.loads(base.to_json_best_effort()),
        "variants": {},
    }
    write(workdir, results)
    tables = {}
    for name, options in variants.items():
        home = workdir / name
        wanted = not VARIANTS.value or name in (*VARIANTS.value, ablation.BASE)
        if not wanted and not (home / TABLE).exists():
            continue
        print(f"{label(name)} ...", flush=True)
        trained(configure(base, options, plan), home, plan["steps"])
        tables[name] = scored(home, base, workdir / ablation.BASE, splits["validation"])
        results["variants"][name] = {
            "options": options,
            "figures": ablation.intervals(tables[name]),
            "against_base": ablation.differences(tables[name], tables[ablation.BASE]),
        }
        write(workdir, results)
    print((workdir / "ablation.md").read_text())


if __name__ == "__main__":
    entry.run(main)
