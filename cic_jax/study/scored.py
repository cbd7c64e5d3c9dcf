"""What is kept of a run once it is scored: the study is reported from these files alone.

A run's directory gets `scored.json` (steps, number of parameters, description) and `scored.npz`
(metrics of each photograph, and pictures), so that nothing is scored twice, and a run that was
trained elsewhere counts without its checkpoints.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cic_jax.train import evaluate
from cic_jax.train.directory import write_json

ABOUT, ARRAYS = "scored.json", "scored.npz"
Tables = dict[str, evaluate.Columns]  # by colouring
Pictures = dict[str, np.ndarray]


class Scored(NamedTuple):
    """A run's scores and pictures."""

    about: dict[str, Any]  # JSON: best, latest, parameters, description, conditions, seconds
    tables: Tables  # "model", "last", "grey" and "truth": metric -> 'n'
    pictures: Pictures  # see `pictures.take`


def write(home: Path, scored: Scored) -> None:
    """Write the files of a scored run; the JSON comes last and makes them valid."""
    (home / ABOUT).unlink(missing_ok=True)
    arrays = {
        f"{colouring}/{metric}": values
        for colouring, columns in scored.tables.items()
        for metric, values in columns.items()
    }
    pictures = {f"pictures/{name}": x for name, x in scored.pictures.items()}
    np.savez_compressed(home / ARRAYS, allow_pickle=False, **arrays, **pictures)
    write_json(home / ABOUT, scored.about)


def about(home: Path) -> dict[str, Any] | None:
    """Read what is known of a scored run; None for one that is not."""
    path = home / ABOUT
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def read(home: Path) -> Scored | None:
    """Read the files of a scored run; None for one that is not."""
    known = about(home)
    if known is None:
        return None
    tables: Tables = {}
    pictures: Pictures = {}
    with np.load(home / ARRAYS, allow_pickle=False) as arrays:
        for key in arrays.files:
            kind, _, name = key.partition("/")
            (pictures if kind == "pictures" else tables.setdefault(kind, {}))[name] = arrays[key]
    return Scored(known, tables, pictures)
