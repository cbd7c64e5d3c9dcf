"""One split of a set of photographs, whatever its source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Photographs:
    """Random access to the photographs of one split; it can be pickled.

    `photographs[i]` is a dictionary with 'image' (an encoded photograph, or uint8 'h w 3'), 'name'
    and 'label' (strings) and any other keys of the source. `report` counts the photographs of the
    whole source: kept, and left out by reason. It is empty for drawn scenes.
    """

    split: str
    records: Sequence[Mapping[str, Any]]
    report: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        record = dict(self.records[index])
        return record | {"name": _text(record["name"]), "label": _text(record.get("label", ""))}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[index] for index in range(len(self)))

    def select(self, positions: Sequence[int]) -> "Photographs":
        """Return the photographs at `positions`, in that order."""
        return replace(self, records=_Selection(self.records, positions))

    def named(self, names: Sequence[str]) -> "Photographs":
        """Return the photographs called `names`, in that order; ValueError lists unknown names."""
        positions = {record["name"]: position for position, record in enumerate(self)}
        if missing := [name for name in names if name not in positions]:
            raise ValueError(f"the {self.split} split has no photograph {', '.join(missing)}")
        return self.select([positions[name] for name in names])


@dataclass(frozen=True)
class _Selection(Sequence[Mapping[str, Any]]):
    records: Sequence[Mapping[str, Any]]
    positions: Sequence[int]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index):
        return self.records[self.positions[index]]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
