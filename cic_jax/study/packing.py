"""What packing photographs costs: a model's metrics on them as they are and re-encoded."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from cic_jax import photos
from cic_jax.model import Model
from cic_jax.photos import pack
from cic_jax.report.markdown import Rows, written
from cic_jax.study.published import WRITTEN
from cic_jax.train import bootstrap, evaluate, parallel

METRICS = ("rmse_ab", "psnr", "ssim", "colorfulness", "colorfulness_truth")
PLAIN = "as they are"


class Encoding(NamedTuple):
    """A format of `pack.FORMATS` and its quality, 1 to 100."""

    kind: str
    quality: int

    def __str__(self) -> str:
        return f"{self.kind} {self.quality}"


def cost(
    model: Model,
    photographs: photos.Photographs,
    config: ConfigDict,
    encodings: Sequence[Encoding],
) -> dict[str, Any]:
    """Score a model on photographs as they are and in each encoding.

    Returns, for JSON, the number of photographs and by encoding the bytes of a photograph and each
    metric: its mean and interval as they are, and else the paired difference from that.
    """
    table_of = evaluate.evaluator(model.network, model.target, config)
    variables = parallel.replicate(model.variables)
    plain = list(photographs)
    before = table_of(variables, dataclasses.replace(photographs, records=plain)).columns
    results = {PLAIN: _described(plain, {name: before[name] for name in METRICS})}
    cut = {"size": config.data.size, "short_side": config.data.short_side}
    for encoding in encodings:
        packed = [
            record | {"image": pack.encode(record, **cut, **encoding._asdict())} for record in plain
        ]
        after = table_of(variables, dataclasses.replace(photographs, records=packed)).columns
        results[str(encoding)] = _described(packed, {m: after[m] - before[m] for m in METRICS})
    return {"photographs": len(plain), "encodings": results}


def _described(
    records: Sequence[Mapping[str, Any]], columns: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    size = float(np.mean([len(record["image"]) for record in records]))
    return {"bytes": round(size), "metrics": bootstrap.intervals(columns)}


def rows(results: Mapping[str, Any]) -> Rows:
    """Tabulate the metrics as they are, and below them each encoding's differences."""
    lines = []
    for name, measured in results["encodings"].items():
        exact = {m: WRITTEN[m]._replace(digits=3) for m in measured["metrics"]}  # small differences
        cells = {exact[m].title: written(exact[m], x) for m, x in measured["metrics"].items()}
        lines.append({"Photographs": name, "kB each": f"{measured['bytes'] / 1000:.1f}", **cells})
    return lines
