"""Scores of a trained model of the study: every metric of each test photograph, in tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from cic_jax import checkpoint, lab, metrics, photos
from cic_jax.report.names import label
from cic_jax.study import claims, plausibility
from cic_jax.study.runs import Run
from cic_jax.train import evaluate


def score(
    home: Path,
    config: ConfigDict,
    photographs: photos.Photographs,
    grey: evaluate.Table,
    name: str,
    step: int | None = None,
) -> dict[str, evaluate.Columns]:
    """Score a run: every metric of each photograph for "model", "grey" and "truth".

    On drawn photographs, the plausibility of each painted object is added, in columns of another
    length. The tables are also written to `<name>.csv` and `<name>.json` in the run's directory,
    those of the objects to `<name>_objects`.

    Args:
        home: The run's directory.
        config: The run's config.
        photographs: The test split.
        grey: Scores of `grey_table`, the same for all models.
        name: Stem of the files.
        step: Which checkpoint; None is the one of least validation loss.
    """
    model = checkpoint.load(home, step=step)
    tables = {"model": evaluate.model_table(model, photographs, config, compare), "grey": grey}
    evaluate.write(evaluate.with_intervals(tables), home, name)
    columns = {colouring: dict(table.columns) for colouring, table in tables.items()}
    columns["truth"] = {"colorfulness": columns["model"]["colorfulness_truth"]}
    if config.data.source == plausibility.SOURCE:
        predicted = plausibility.predictions(model, photographs, config)
        objects = plausibility.objects(photographs, config, predicted)
        evaluate.write(evaluate.with_intervals(objects), home, f"{name}_objects")
        for colouring, table in objects.items():
            columns[colouring] |= table.columns
    return columns


def score_all(runs: Sequence[Run], photographs: photos.Photographs) -> claims.Scores:
    """Score all runs: every metric by seed and photograph.

    Colourings are the models at their least validation loss, those at their last step
    ("<model>@last"), "grey" and "truth".
    """
    seeds: dict[str, list[evaluate.Columns]] = {}
    grey = grey_table(photographs, runs[0].config)
    for run in runs:
        print(f"Scoring {label(run.model)}, seed {run.seed} ...", flush=True)
        best, latest = run.saved()
        tables = score(run.home, run.config, photographs, grey, "test", best)
        last = tables
        if latest != best:
            last = score(run.home, run.config, photographs, grey, "test_last", latest)
        seeds.setdefault(run.model, []).append(tables["model"])
        seeds.setdefault(f"{run.model}@last", []).append(last["model"])
    return stack(seeds | {name: [tables[name]] for name in ("grey", "truth")})


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
