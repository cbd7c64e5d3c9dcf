"""The photographs that models are compared on, by group, a few at a time."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from ml_collections import ConfigDict

from cic_jax import photos

# Groups by label: WordNet ids that are not listed are of vehicles.
GROUPS = {"n08613733": "scenes", "n00001740": "everyday", "n00007846": "people"}
VEHICLES, OTHERS, ALL = "vehicles", "photographs", "all"
WNID = re.compile(r"n\d{8}")
BATCH = 4  # photographs at a time: their planes stay in a CPU's cache

Cells = Float[np.ndarray, "photographs i j 2"]


class Sample(NamedTuple):
    """Photographs of a split, and the group of each."""

    photo: UInt8[np.ndarray, "n s s 3"]
    mask: Bool[np.ndarray, "n s s"]
    names: list[str]
    groups: list[str]

    def rows(self, group: str) -> Int[np.ndarray, " m"]:
        """Return the positions of a group's photographs; those of ALL are all."""
        return np.flatnonzero([group in (ALL, name) for name in self.groups])

    def group_names(self) -> list[str]:
        """List the groups that occur, in order of appearance, and ALL."""
        return [*dict.fromkeys(self.groups), ALL]


def read(photographs: photos.Photographs, data: ConfigDict, limit: int = 0) -> Sample:
    """Cut the centre window of every photograph, and look up its group.

    `limit` keeps the first photographs of each group, a random choice; 0 keeps all.
    """
    groups = [group_of(record["label"]) for record in photographs]
    kept = [i for i, group in enumerate(groups) if not limit or groups[:i].count(group) < limit]
    windows = photos.resident(photographs.select(kept), data.size, data.short_side)
    return Sample(*windows, [groups[i] for i in kept])


def group_of(label: str) -> str:
    """Return the group of a photograph's label; all that are no WordNet ids are in one."""
    return GROUPS.get(label, VEHICLES if WNID.fullmatch(label) else OTHERS)


def batches(rows: Int[np.ndarray, " m"]) -> Iterator[tuple[Int[np.ndarray, " b"], int]]:
    """Yield rows in batches of one size, the last one filled up, and how many of them count."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        yield np.pad(batch, (0, BATCH - len(batch)), mode="edge"), len(batch)
