"""A trained model of the study -> every figure of each test photograph, in tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8
from ml_collections import ConfigDict

from cic_jax import checkpoint, claims, evaluate, lab, metrics, photos, plausibility


def score(
    home: Path,
    config: ConfigDict,
    photographs: photos.Photographs,
    name: str,
    step: int | None = None,
) -> dict[str, evaluate.Table]:
    """Of "model", "grey" and "truth" every figure of each photograph.

    A `step` of None is the one of the least validation loss. On drawn photographs the
    plausibility of each painted object is added: columns of another length. `<name>.csv` and
    `<name>.json` in the run's directory keep the same, `<name>_objects` that of the objects.
    """
    model = checkpoint.load(home, step=step)
    tables = evaluate.report(model, photographs, config).tables
    columns: dict[str, list[np.ndarray]] = {"model": [], "grey": []}
    for batch, ab in plausibility.predictions(model, photographs, config):
        for key, colours in (("model", ab), ("grey", np.zeros_like(ab))):
            ssim = ssim_range_2(batch["photo"], batch["mask"], colours)
            columns[key].append(np.asarray(ssim)[batch["valid"]])
    for key, values in columns.items():
        tables[key]["ssim_range_2"] = np.concatenate(values)
    _write(tables, home, name)
    tables["truth"] = {"colorfulness": tables["model"]["colorfulness_truth"]}
    if config.data.source == plausibility.SOURCE:
        objects = plausibility.objects(model, photographs, config)
        _write(objects, home, f"{name}_objects")
        for key, table in objects.items():
            tables[key] |= {metric: values for metric, values in table.items() if metric != "name"}
    return tables


def _write(tables: dict[str, evaluate.Table], home: Path, name: str) -> None:
    summary = {key: evaluate.intervals(table) for key, table in tables.items()}
    evaluate.write(evaluate.Report(tables, summary), home, name)


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


@jax.jit
def ssim_range_2(
    rgb: UInt8[Array, "b h w 3"], mask: Bool[Array, "b h w"], ab: Float[Array, "b h w 2"]
) -> Float[Array, " b"]:
    """SSIM of photographs coloured with `ab`, with the study's data range of 2: too high.

    Only SSIM's constants know of the range, so halving the values is the same as doubling it.
    """
    rgb = rgb.astype(jnp.float32) / 255
    lightness = lab.rgb_to_lab(rgb)[..., :1]
    coloured = lab.lab_to_rgb(jnp.concatenate([lightness, ab], axis=-1))
    return metrics.ssim(rgb / 2, coloured / 2, mask)
