"""Batches of windows: a whole split at once, an endless stream, or one pass."""

import functools
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, UInt8
from tqdm import tqdm

from cic_jax.photos.photographs import Photographs
from cic_jax.photos.threads import ordered_map
from cic_jax.photos.windows import window


class Resident(NamedTuple):
    """A whole split in memory: windows, masks of their real pixels, and names."""

    photo: UInt8[np.ndarray, "n s s 3"]
    mask: Bool[np.ndarray, "n s s"]
    names: list[str]


def resident(photographs: Photographs, size: int = 256, short_side: int = 256) -> Resident:
    """Cut every photograph's centre window; 200 kB of memory for each at 256 x 256."""
    require_some(photographs)
    count = len(photographs)
    photo = np.empty((count, size, size, 3), np.uint8)
    mask = np.empty((count, size, size), bool)
    names = []
    windows = ordered_map(functools.partial(_center, photographs, size, short_side), range(count))
    bar = tqdm(windows, f"Decoding {photographs.split}", count, unit=" photos", disable=None)
    for index, (pixels, real, name) in enumerate(bar):
        photo[index], mask[index] = pixels, real
        names.append(name)
    return Resident(photo, mask, names)


def stream(
    photographs: Photographs,
    batch_size: int,
    size: int = 256,
    short_side: int = 256,
    *,
    seed: int = 0,
    epochs: int | None = None,
    num_threads: int | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Stream shuffled batches {'photo', 'position'} of random windows: a Grain iterator.

    The positions are those in `photographs`.

    Each process reads its own share of the photographs, all shares of one size. Every epoch has its
    own order. `get_state()` and `set_state()` resume it exactly. An incomplete last batch is
    dropped.

    Args:
        photographs: The split.
        batch_size: Windows per batch of this process.
        size: Side of a window, in pixels.
        short_side: Length to which a larger short side is reduced first; 0 keeps it.
        seed: Determines the order and the windows; the number of threads does not.
        epochs: Passes over the photographs; endless if None.
        num_threads: Threads that decode; one per core if None.

    Raises:
        ValueError: a process would not get a single batch.
    """
    import grain

    process, processes = jax.process_index(), jax.process_count()
    share = len(photographs) // processes
    if share == 0 or (epochs is not None and share * epochs < batch_size):
        raise ValueError(
            f"{len(photographs)} photographs in the {photographs.split} split give none of "
            f"{processes} process(es) a batch of {batch_size}: give more, or smaller batches"
        )
    dataset = (
        grain.MapDataset.source(_Numbered(photographs))
        .seed(seed)[process : share * processes : processes]
        .shuffle()
        .repeat(epochs)
        .random_map(functools.partial(_crop, size, short_side))
        .batch(batch_size, drop_remainder=True)
    )
    threads = num_threads or os.cpu_count() or 1
    # Each thread makes whole batches; Grain's default would keep 500 of them in memory.
    options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
    return iter(dataset.to_iter_dataset(options))


def evaluation_batches(
    photographs: Photographs, batch_size: int, size: int = 256, short_side: int = 256
) -> Iterator[dict[str, Any]]:
    """Make one pass in order: {'photo' 'b s s 3', 'mask' 'b s s', 'valid' 'b', 'names'}.

    The last batch is filled up with black windows, with False in their mask and `valid` and empty
    names, so that each photograph counts exactly once.
    """
    require_some(photographs)
    windows = ordered_map(
        functools.partial(_center, photographs, size, short_side), range(len(photographs))
    )
    while rows := list(itertools.islice(windows, batch_size)):
        photo = np.zeros((batch_size, size, size, 3), np.uint8)
        mask = np.zeros((batch_size, size, size), bool)
        photo[: len(rows)] = [pixels for pixels, _, _ in rows]
        mask[: len(rows)] = [real for _, real, _ in rows]
        names = [name for _, _, name in rows] + [""] * (batch_size - len(rows))
        valid = np.arange(batch_size) < len(rows)
        yield {"photo": photo, "mask": mask, "valid": valid, "names": names}


def _center(photographs: Photographs, size: int, short_side: int, index: int):
    record = photographs[index]
    return *window(record["image"], size, short_side), record["name"]


def _crop(
    size: int, short_side: int, record: dict[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    photo, _ = window(record["image"], size, short_side, rng)
    return {"photo": photo, "position": np.int64(record["position"])}


@dataclass(frozen=True)
class _Numbered(Sequence[dict[str, Any]]):
    """Photographs, each with its position."""

    photographs: Photographs

    def __len__(self) -> int:
        return len(self.photographs)

    def __getitem__(self, index):
        return self.photographs[index] | {"position": index}


def require_some(photographs: Photographs) -> None:
    """Raise ValueError where a split is empty."""
    if not photographs:
        raise ValueError(
            f"the {photographs.split} split is empty: the source holds too few photographs "
            f"({photographs.report.get('kept', {})}); give some dozens or more"
        )
