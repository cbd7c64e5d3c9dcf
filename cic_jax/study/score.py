"""A trained model of the study -> every figure of each test photograph, in tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from ml_collections import ConfigDict

from cic_jax import checkpoint, lab, metrics, photos
from cic_jax.study import claims, plausibility
from cic_jax.train import evaluate


def score(
    home: Path,
    config: ConfigDict,
    photographs: photos.Photographs,
    grey: evaluate.Table,
    name: str,
    step: int | None = None,
) -> dict[str, evaluate.Table]:
    """Of "model", "grey" and "truth" every figure of each photograph.

    `grey` is what `grey_table` finds: the same for all models. A `step` of None is the one of the
    least validation loss. On drawn photographs the plausibility of each painted object is added:
    columns of another length. `<name>.csv` and `<name>.json` in the run's directory keep the same,
    `<name>_objects` that of the objects.
    """
    model = checkpoint.load(home, step=step)
    tables = {"model": evaluate.table(model, photographs, config, compare), "grey": dict(grey)}
    evaluate.write(evaluate.summarise(tables), home, name)
    tables["truth"] = {"colorfulness": tables["model"]["colorfulness_truth"]}
    if config.data.source == plausibility.SOURCE:
        objects = plausibility.objects(model, photographs, config)
        evaluate.write(evaluate.summarise(objects), home, f"{name}_objects")
        for key, table in objects.items():
            tables[key] |= {metric: values for metric, values in table.items() if metric != "name"}
    return tables


def grey_table(photographs: photos.Photographs, config: ConfigDict) -> evaluate.Table:
    """What photographs left grey score."""
    return evaluate.grey_baseline(photographs, config, compare)


def stack(seeds: Mapping[str, Sequence[evaluate.Table]]) -> claims.Scores:
    """For each colouring the tables of its seeds -> each metric by seed and photograph."""
    return {
        name: {
            metric: np.stack([table[metric] for table in tables])
            for metric in tables[0]
            if metric != "name"
        }
        for name, tables in seeds.items()
    }


def compare(
    rgb: Float[Array, "b h w 3"],
    pixels: Float[Array, "b h w 3"],
    ab: Float[Array, "b h w 2"],
    mask: Bool[Array, "b h w"] | None,
) -> dict[str, Float[Array, " b"]]:
    """All figures, and the study's SSIM, whose data range of 2 is too high, as "ssim_range_2".

    Only SSIM's constants know of the range, so halving the values is the same as doubling it.
    """
    coloured = lab.lab_to_rgb(jnp.concatenate([pixels[..., :1], ab], axis=-1))
    doubled = metrics.ssim(rgb / 2, coloured / 2, mask)
    return {**evaluate.COMPARE(rgb, pixels, ab, mask), "ssim_range_2": doubled}
