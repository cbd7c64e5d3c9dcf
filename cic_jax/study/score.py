"""Scores of the study's trained models: every metric of each test photograph, in tables."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from cic_jax import checkpoint, lab, metrics, photos
from cic_jax.model import Model, parameter_count
from cic_jax.report.names import label
from cic_jax.study import claims, pictures, plausibility, scored
from cic_jax.study.runs import Run
from cic_jax.train import evaluate, parallel


def score(
    run: Run,
    model: Model,
    table_of: evaluate.Evaluate,
    photographs: photos.Photographs,
    grey: evaluate.Table,
    name: str,
) -> scored.Tables:
    """Score a model of a run: every metric of each photograph for "model", "grey" and "truth".

    On drawn photographs, the plausibility of each painted object is added, in columns of another
    length. The tables are also written to `<name>.csv` and `<name>.json` in the run's directory,
    those of the objects to `<name>_objects`.

    Args:
        run: The run.
        model: Its model at one of its steps.
        table_of: Evaluation of such models, compiled once for all steps.
        photographs: The test split.
        grey: Scores of `grey_table`, the same for all models.
        name: Stem of the files.
    """
    tables = {"model": table_of(parallel.replicate(model.variables), photographs), "grey": grey}
    evaluate.write(evaluate.with_intervals(tables), run.home, name)
    columns = {colouring: dict(table.columns) for colouring, table in tables.items()}
    columns["truth"] = {"colorfulness": columns["model"]["colorfulness_truth"]}
    if run.config.data.source == plausibility.SOURCE:
        predicted = plausibility.predictions(model, photographs, run.config)
        objects = plausibility.objects(photographs, run.config, predicted)
        evaluate.write(evaluate.with_intervals(objects), run.home, f"{name}_objects")
        for colouring, table in objects.items():
            columns[colouring] |= table.columns
    return columns


def score_run(
    run: Run, photographs: photos.Photographs, grey: evaluate.Table, conditions: Mapping[str, Any]
) -> scored.Scored:
    """Score a run at its least validation loss and at its last step, and keep that with the run."""
    started, (best, latest) = time.monotonic(), run.saved()
    model = checkpoint.load(run.home, step=best)
    table_of = evaluate.evaluator(model.network, model.target, run.config, compare)
    tables = score(run, model, table_of, photographs, grey, "test")
    last = tables["model"]
    if latest != best:
        later = checkpoint.load(run.home, step=latest)
        last = score(run, later, table_of, photographs, grey, "test_last")["model"]
    measured = time.monotonic()
    taken = pictures.take(model, photographs, run.config)
    about = {
        "best": best,
        "latest": latest,
        "parameters": parameter_count(model.variables),
        "conditions": dict(conditions),
        "seconds": {
            "scoring": round(measured - started, 3),
            "pictures": round(time.monotonic() - measured, 3),
        },
        "description": model.description,
    }
    result = scored.Scored(about, {**tables, "last": last}, taken)
    scored.write(run.home, result)
    return result


def score_all(
    runs: Sequence[Run], photographs: photos.Photographs, grey: Callable[[], evaluate.Table]
) -> tuple[claims.Scores, dict[str, list[scored.Scored]]]:
    """Score the runs that are not scored yet; return all scores, and what is kept of each run.

    Colourings are the models at their least validation loss, those at their last step
    ("<model>@last"), "grey" and "truth". The runs kept are by model, one for each seed.

    Args:
        runs: Finished runs.
        photographs: The test split.
        grey: Returns the scores of `grey_table`; called if a run is scored.

    Raises:
        ValueError: A run was scored elsewhere on other photographs or with another read-out, and
            its checkpoints are not here to score it again.
    """
    names = "\n".join(photograph["name"] for photograph in photographs)
    conditions = {
        "photographs": hashlib.sha256(names.encode()).hexdigest(),
        "colour": runs[0].config.colour.to_dict(),
    }
    kept: dict[str, list[scored.Scored]] = {}
    for run in runs:
        known = scored.read(run.home)
        if known is not None and not checkpoint.has_steps(run.home):
            _require_same(run, known.about["conditions"], conditions)
        elif known is None or not _is_current(run, known.about, conditions):
            print(f"Scoring {label(run.model)}, seed {run.seed} ...", flush=True)
            known = score_run(run, photographs, grey(), conditions)
        kept.setdefault(run.model, []).append(known)
    seeds: dict[str, list[evaluate.Columns]] = {}
    for name, same in kept.items():
        seeds[name] = [one.tables["model"] for one in same]
        seeds[f"{name}@last"] = [one.tables["last"] for one in same]
    last = next(reversed(kept.values()))[-1]
    return stack(seeds | {name: [last.tables[name]] for name in ("grey", "truth")}), kept


def _is_current(run: Run, about: Mapping[str, Any], conditions: Mapping[str, Any]) -> bool:
    steps = (about["best"], about["latest"])
    return steps == tuple(run.saved()) and about["conditions"] == conditions


def _require_same(run: Run, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = [name for name in now if now[name] != before[name]]
    if changed:
        raise ValueError(
            f"{run.home} was scored elsewhere with other {' and '.join(changed)}, and its "
            "checkpoints are not here: give the same flags as there, or train it anew"
        )


def grey_table(photographs: photos.Photographs, config: ConfigDict) -> evaluate.Table:
    """Score the photographs left grey."""
    return evaluate.grey_table(photographs, config, compare)


def stack(seeds: Mapping[str, Sequence[evaluate.Columns]]) -> claims.Scores:
    """Stack the columns of each colouring's seeds: each metric by seed and photograph."""
    return {
        name: {metric: np.stack([columns[metric] for columns in runs]) for metric in runs[0]}
        for name, runs in seeds.items()
    }


def compare(
    rgb: Float[Array, "b h w 3"],
    pixels: Float[Array, "b h w 3"],
    ab: Float[Array, "b h w 2"],
    mask: Bool[Array, "b h w"] | None,
) -> dict[str, Float[Array, " b"]]:
    """Compute all metrics and "ssim_range_2", the study's SSIM, whose data range is too high.

    The data range enters SSIM only through its two constants, so halving the values has the same
    effect as doubling the range.
    """
    coloured = lab.lab_to_rgb(jnp.concatenate([pixels[..., :1], ab], axis=-1))
    doubled = metrics.ssim(rgb / 2, coloured / 2, mask)
    return {**evaluate.COMPARE(rgb, pixels, ab, mask), "ssim_range_2": doubled}
