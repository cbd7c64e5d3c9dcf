"""The worker as Ray Data calls it: a class for `map_batches`, with a row for each photograph."""

import json
from collections.abc import Collection
from typing import Any

import numpy as np

from cic_jax.archive.photographs import Photograph
from cic_jax.archive.worker import Settings, Worker

COLUMNS = ("file", "status", "result", "reason")  # of the rows, besides "record"
# XLA would start a thread on each core of the machine in every worker; it reads this at its start.
ONE_CORE = {"PJRT_NPROC": "1"}


class Colorize:
    """Restores a model once per worker, and colours the batches that it is given.

    A batch has the columns "name" and "place" of `Photograph`. Of every photograph one row comes
    back: "file"; "status", coloured or failed; "result"; "reason"; and "record", the line of the
    manifest. No photograph ends the job. Use it with `runtime_env={"env_vars": ONE_CORE}` where a
    worker has one core.
    """

    def __init__(
        self,
        checkpoint: str,
        out: str,
        settings: Settings = Settings(),  # noqa: B008
        factories: Collection[str] = (),
    ) -> None:
        """Restore the model, as `Worker` does."""
        self._worker = Worker(checkpoint, out, settings, factories)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Colour a batch and return its rows."""
        pairs = zip(batch["name"], batch["place"], strict=True)
        records: list[dict[str, Any]] = self._worker([Photograph(str(x), str(y)) for x, y in pairs])
        columns = {key: [record.get(key, "") for record in records] for key in COLUMNS}
        columns["record"] = [json.dumps(record) for record in records]
        return {key: np.array(values, dtype=object) for key, values in columns.items()}
