"""What each dispatch trains on: photographs on the devices, and the rows of every step's batch.

Which photographs a step sees depends on the seed and the step alone, so a run that resumes goes on
as if it had never stopped.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Int, UInt8
from ml_collections import ConfigDict

from cic_jax import photos
from cic_jax.train import parallel

STEPS_PER_DISPATCH = 50  # on an accelerator, where starting a step costs as much as running it
PRIOR_BATCH = 64

# (first step, number of steps) -> photographs 'devices n s s 3', rows 'devices steps b' of them
Dispatch = Callable[[int, int], tuple[Any, Int[np.ndarray, "devices steps b"]]]


class Feed(NamedTuple):
    """The training set as the loop sees it."""

    steps_per_epoch: int
    total_steps: int
    evaluate_steps: int  # between two evaluations
    steps_per_dispatch: int
    dispatch: Dispatch


def training_set(
    config: ConfigDict, splits: Mapping[str, photos.Photographs]
) -> photos.Photographs:
    """The training split; `data.leak` of the test split takes the place of as many of its own.

    That is the study's mistake, whose final model started from one that had trained on about 31 %
    of its test set. As many photographs are seen with it as without.
    """
    train, test = splits["train"], splits["test"]
    leaked = round(config.data.leak * len(test))
    if not leaked:
        return train
    kept = max(0, len(train) - leaked)
    both = [(train, i) for i in range(kept)] + [(test, i) for i in range(min(leaked, len(train)))]
    return dataclasses.replace(train, records=_Picked(both))


@dataclasses.dataclass(frozen=True)
class _Picked(Sequence[Mapping[str, Any]]):
    places: list[tuple[photos.Photographs, int]]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index):
        photographs, position = self.places[index]
        return photographs[position]


def open_feed(config: ConfigDict, photographs: photos.Photographs) -> Feed:
    """The photographs on the devices for good (`data.resident`), or streamed to them.

    Every host, and every device of it, keeps to its own share. Raises ValueError where there are
    fewer photographs than a batch holds, or the batch is not divisible by the devices.
    """
    train, devices = config.train, jax.device_count()
    if train.batch_size % devices:
        raise ValueError(
            f"config.train.batch_size must be a multiple of the {devices} devices; "
            f"it is {train.batch_size}"
        )
    steps_per_epoch = len(photographs) // devices // (train.batch_size // devices)
    if steps_per_epoch == 0:
        raise ValueError(
            f"the training set has {len(photographs)} photographs, fewer than a batch of "
            f"{train.batch_size}: add photographs or set a smaller config.train.batch_size"
        )
    chosen = 1 if jax.default_backend() == "cpu" else STEPS_PER_DISPATCH
    return Feed(
        steps_per_epoch=steps_per_epoch,
        total_steps=max(1, round(train.epochs * steps_per_epoch)),
        evaluate_steps=max(1, round(train.evaluate_every * steps_per_epoch)),
        steps_per_dispatch=train.steps_per_dispatch or chosen,
        dispatch=(_resident if config.data.resident else _streamed)(config, photographs),
    )


def _resident(config: ConfigDict, photographs: photos.Photographs) -> Dispatch:
    here = photographs.select(range(jax.process_index(), len(photographs), jax.process_count()))
    pixels, _, _ = photos.resident(here, config.data.size, config.data.short_side)
    each = len(pixels) // jax.local_device_count()
    placed = parallel.place(parallel.shard(pixels[: each * jax.local_device_count()]))
    batch = config.train.batch_size // jax.device_count()
    steps_per_epoch = each // batch

    @functools.lru_cache(maxsize=2 * jax.local_device_count())
    def order(device: int, epoch: int) -> Int[np.ndarray, " each"]:
        seed = (config.seed, jax.process_index(), device, epoch)
        return np.random.default_rng(seed).permutation(each).astype(np.int32)

    def rows(device: int, step: int) -> Int[np.ndarray, " b"]:
        epoch, index = divmod(step, steps_per_epoch)
        return order(device, epoch)[index * batch : (index + 1) * batch]

    def dispatch(step, count):
        return placed, np.stack(
            [
                np.stack([rows(device, step + i) for i in range(count)])
                for device in range(jax.local_device_count())
            ]
        )

    return dispatch


def _streamed(config: ConfigDict, photographs: photos.Photographs) -> Dispatch:
    batch = config.train.batch_size // jax.process_count()
    stream: Any = photos.stream(
        photographs, batch, config.data.size, config.data.short_side, seed=config.seed
    )
    following = 0

    def dispatch(step, count):
        nonlocal following
        if step != following:
            stream.set_state(stream.get_state() | {"next_index": step})
        following = step + count
        devices = jax.local_device_count()
        batches = np.stack([parallel.shard(next(stream)["photo"]) for _ in range(count)], axis=1)
        pixels = batches.reshape(devices, -1, *batches.shape[3:])
        rows = np.arange(pixels.shape[1], dtype=np.int32).reshape(1, count, -1)
        return pixels, np.broadcast_to(rows, (devices, *rows.shape[1:]))

    return dispatch


def prior_batches(
    config: ConfigDict, photographs: photos.Photographs
) -> Iterator[UInt8[np.ndarray, "b s s 3"]]:
    """The photographs that the training set's own prior is measured on, the same on every host."""
    limit = config.prior.photographs or len(photographs)
    for batch in photos.evaluation_batches(
        photographs.select(range(min(limit, len(photographs)))),
        PRIOR_BATCH,
        config.data.size,
        config.data.short_side,
    ):
        yield batch["photo"][batch["valid"]]


def spread(config: ConfigDict, photographs: photos.Photographs) -> UInt8[np.ndarray, "b s s 3"]:
    """A batch from all over the training set, the same on every host: initial scales fit it."""
    count = min(config.train.batch_size, len(photographs))
    rows = [i * len(photographs) // count for i in range(count)]
    data = config.data
    return photos.resident(photographs.select(rows), data.size, data.short_side).photo
