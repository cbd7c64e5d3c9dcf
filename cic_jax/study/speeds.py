"""Training speeds of the study's networks, from a benchmark of an idle machine.

A run's own log says how fast it went beside all else that its machine did: no ground for a claim.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

OURS = "cic_jax"
# The models that the claim compares, by their networks' names in the benchmark.
NETWORKS = {"full": "rebalanced_ours", "simplified": "simplified"}


class BenchmarkError(ValueError):
    """A file that is no benchmark of both networks; the message says why."""


def from_benchmark(path: Path) -> dict[str, Float[np.ndarray, " turns"]]:
    """Read images per second in each turn of benchmark.json, by the models of `NETWORKS`.

    The work is the first that both networks did at full width: as many crops, as large, in the same
    type.

    Raises:
        BenchmarkError: There is none, or the file is no benchmark.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["figures"].get("train", [])
        by_work: dict[str, dict[str, Any]] = {}
        for row in rows:
            network, _, work = row["work"].partition(", ")
            if row["by"] == OURS and network in NETWORKS:
                seconds = np.array(row["seconds"])
                by_work.setdefault(work, {})[NETWORKS[network]] = (
                    row["rate"] * np.median(seconds) / seconds
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchmarkError(
            f"{path}: expected the JSON of experiments/benchmark.py ({error})"
        ) from error
    for speeds in by_work.values():
        if len(speeds) == len(NETWORKS):
            return speeds
    raise BenchmarkError(
        f"{path} has no training of both networks on the same crops: run experiments/benchmark.py "
        "--only=train"
    )
