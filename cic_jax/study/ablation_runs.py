"""Runs of an ablation: plan their length, train each variant, score it and write the results."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from ml_collections import ConfigDict

from cic_jax import checkpoint, lab, photos, read_out
from cic_jax.model import Model
from cic_jax.report.markdown import markdown
from cic_jax.report.names import label
from cic_jax.study import ablation, plan, plausibility
from cic_jax.study.runs import train_to_end
from cic_jax.train import choice, evaluate, feed, matched, parallel
from cic_jax.train.config import check
from cic_jax.train.directory import write_json
from cic_jax.train.sample import read

RESULTS = "ablation.json"
TABLE = "validation.npz"  # a run's scores


def ablate(
    workdir: Path,
    base: ConfigDict,
    command: str,
    names: Sequence[str] = (),
    minutes: float | None = None,
) -> str:
    """Train and score the variants of a base config, or resume that.

    Args:
        workdir: Directory of the runs, ablation.json and ablation.md.
        base: The config that each variant changes.
        command: The command that does this, for the record.
        names: Variants to train now besides the base; all where empty. Those that an earlier call
            scored are reported as well.
        minutes: Training time of each run; None trains the base's epochs.

    Returns:
        The Markdown of ablation.md.

    Raises:
        ValueError: `minutes` are not those that an earlier call planned for.
        SystemExit: The training was interrupted.
    """
    splits = photos.open_splits(base.data)
    planned = plan.recorded(workdir / RESULTS, minutes, "--minutes")
    if planned is None:
        planned = {"command": command, **_first_plan(workdir, base, splits, minutes)}
    elif minutes == planned["minutes"]:  # other commands would not repeat this
        planned["command"] = command
    results: dict[str, Any] = {
        "plan": planned,
        "temperature": base.colour.temperature,
        "config": json.loads(base.to_json_best_effort()),
        "variants": {},
    }
    _write(workdir, results)
    tables: dict[str, ablation.Table] = {}
    for name, options in ablation.variants(base).items():
        home = workdir / name
        wanted = not names or name in (*names, ablation.BASE)
        if not wanted and not (home / TABLE).exists():
            continue
        print(f"{label(name)} ...", flush=True)
        train_to_end(configure(base, options, planned["epochs"]), home, planned["steps"])
        tables[name] = score(home, base, workdir / ablation.BASE, splits["validation"])
        results["variants"][name] = {
            "options": options,
            "figures": ablation.intervals(tables[name]),
            "against_base": ablation.differences(tables[name], tables[ablation.BASE]),
        }
        _write(workdir, results)
    return (workdir / "ablation.md").read_text()


def configure(base: ConfigDict, options: Mapping[str, Any], epochs: float) -> ConfigDict:
    """Build a variant's config, which validates at the end only."""
    config = base.copy_and_resolve_references()
    config.update_from_flattened_dict(options)
    config.train.update(epochs=epochs, evaluate_every=epochs)
    check(config)
    return config


def score(
    home: Path, base: ConfigDict, base_home: Path, photographs: photos.Photographs
) -> ablation.Table:
    """Score a run under the base's loss; the table is kept in its directory."""
    if (home / TABLE).exists():
        with np.load(home / TABLE) as kept:
            if ablation.MATCHED in kept:  # earlier versions did not measure it
                return dict(kept)
    model = checkpoint.load(home)
    table_of = evaluate.evaluator(model.network, checkpoint.load(base_home).target, base)
    columns = table_of(parallel.replicate(model.variables), photographs).columns
    predicted: list[np.ndarray] = []
    true: list[np.ndarray] = []
    for batch, ab in plausibility.predictions(model, photographs, base):
        true_ab = lab.from_uint8(batch["photo"])[..., 1:]
        mask, valid = jnp.asarray(batch["mask"]), batch["valid"]
        predicted.append(np.asarray(ablation.histogram(jnp.asarray(ab), mask))[valid])
        true.append(np.asarray(ablation.histogram(true_ab, mask))[valid])
    table: dict[str, Any] = columns | {
        ablation.MATCHED: matched_errors(model, photographs, base),
        ablation.HISTOGRAM: np.concatenate(predicted),
        ablation.TRUE_HISTOGRAM: np.concatenate(true),
    }
    np.savez(home / TABLE, **table)
    return table


def matched_errors(
    model: Model, photographs: photos.Photographs, base: ConfigDict
) -> Float[np.ndarray, " n"]:
    """Compute each photograph's RMSE of ab where all are as colourful as the truth in the mean.

    Variants differ in how colourful they are, and a duller colouring has the smaller error.
    """
    sample = read(photographs, base.data)
    (cell_ab,) = matched.cells(model, sample, [read_out.from_config(base.colour)])
    curves = matched.curves(sample, cell_ab)
    truth = float(np.mean(choice.truth_colorfulness(sample)))
    saturation = matched.crossing(curves["colorfulness"].mean(axis=0), truth)
    return np.array([np.interp(saturation, matched.SATURATIONS, x) for x in curves["rmse_ab"]])


def _first_plan(
    workdir: Path,
    base: ConfigDict,
    splits: Mapping[str, photos.Photographs],
    minutes: float | None,
) -> dict[str, Any]:
    """Plan how long every run trains: the base's epochs, or as many as fit into `minutes` here."""
    per_epoch = feed.steps_per_epoch(len(splits["train"]), base.train.batch_size)
    epochs = base.train.epochs
    if minutes is not None:
        probe = workdir / "probe"
        speed = plan.photographs_per_second(base, probe, per_epoch)
        shutil.rmtree(probe)
        epochs = 60 * minutes * speed / base.train.batch_size / per_epoch
    steps = feed.total_steps(epochs, per_epoch)
    return {
        "minutes": minutes,
        "epochs": steps / per_epoch,
        "steps": steps,
        "batch_size": base.train.batch_size,
        "train": len(splits["train"]),
        "validation": len(splits["validation"]),
    }


def _write(workdir: Path, results: Mapping[str, Any]) -> None:
    """Write ablation.json and, once a variant is scored, ablation.md."""
    write_json(workdir / RESULTS, results)
    if results["variants"]:
        table = markdown(ablation.rows(results))
        (workdir / "ablation.md").write_text(
            f"# What each choice is worth\n\n{ablation.text(results)}\n\n{table}"
        )
