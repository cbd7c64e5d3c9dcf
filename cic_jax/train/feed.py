"""The input of each dispatch: photographs on the devices, and the rows of every step's batch.

Which photographs a step sees depends on the seed and the step alone, so a resumed run continues as
if it had never stopped.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Int, UInt8
from ml_collections import ConfigDict

from cic_jax import photos
from cic_jax.train import parallel
from cic_jax.train.config import ConfigError

STEPS_PER_DISPATCH = 50  # on an accelerator, where starting a step costs as much as running it
PRIOR_BATCH = 64


class Batches(NamedTuple):
    """Batches of several steps: photographs on the devices, and which of them each step sees."""

    pixels: Any  # 'devices n s s 3'
    rows: Int[np.ndarray, "devices steps b"]  # of `pixels`
    positions: Int[np.ndarray, "devices steps b"]  # of the same photographs in the training set


Dispatch = Callable[[int, int], Batches]  # (first step, number of steps) -> batches


class Feed(NamedTuple):
    """Input of the training loop: numbers of steps, and the photographs of each dispatch."""

    steps_per_epoch: int
    total_steps: int
    evaluate_steps: int  # between two evaluations
    steps_per_dispatch: int
    dispatch: Dispatch


def training_set(
    config: ConfigDict, splits: Mapping[str, photos.Photographs]
) -> photos.Photographs:
    """Return the training split.

    Raises ConfigError for a `data.leak`, a mistake that only a function of one's own can repeat.
    """
    if config.data.leak:
        raise ConfigError(
            f"config.data.leak = {config.data.leak:g} repeats a mistake that this function does "
            "not make: train by experiments/train.py, or with a function of your own as "
            "training_set="
        )
    return splits["train"]


def open_feed(config: ConfigDict, photographs: photos.Photographs) -> Feed:
    """Put the photographs on the devices for good (`data.resident`), or stream them there.

    Every device of every host has its own share of the photographs; all shares have one size.
    Raises ValueError if there are fewer photographs than in a batch, or if the devices cannot share
    a batch equally.
    """
    train = config.train
    epoch = steps_per_epoch(len(photographs), train.batch_size, jax.device_count())
    chosen = 1 if jax.default_backend() == "cpu" else STEPS_PER_DISPATCH
    return Feed(
        steps_per_epoch=epoch,
        total_steps=total_steps(train.epochs, epoch),
        evaluate_steps=total_steps(train.evaluate_every, epoch),
        steps_per_dispatch=train.steps_per_dispatch or chosen,
        dispatch=(_resident if config.data.resident else _streamed)(config, photographs),
    )


def steps_per_epoch(photographs: int, batch_size: int, devices: int = 1) -> int:
    """Count the whole batches in a training set.

    Raises ValueError if there is none, or if the devices cannot share a batch equally.
    """
    if batch_size < 1 or batch_size % devices:
        raise ValueError(
            f"config.train.batch_size must be a multiple of the {devices} device(s), at least 1 "
            f"for each; it is {batch_size}"
        )
    steps = photographs // devices // (batch_size // devices)
    if steps == 0:
        raise ValueError(
            f"the training set has {photographs} photographs, fewer than a batch of {batch_size}: "
            "add photographs or set a smaller config.train.batch_size"
        )
    return steps


def total_steps(epochs: float, steps_per_epoch: int) -> int:
    """Convert epochs to steps, rounded, at least one."""
    return max(1, round(epochs * steps_per_epoch))


def _resident(config: ConfigDict, photographs: photos.Photographs) -> Dispatch:
    hosts, devices = jax.process_count(), jax.local_device_count()
    # One photograph more on one host than on another would make arrays of two shapes in one pmap.
    share = len(photographs) // hosts // devices * devices
    here = photographs.select(range(jax.process_index(), share * hosts, hosts))
    pixels, _, _ = photos.resident(here, config.data.size, config.data.short_side)
    placed = parallel.place(parallel.shard(pixels))
    per_device = share // devices
    batch = config.train.batch_size // jax.device_count()
    epoch_steps = per_device // batch

    @functools.lru_cache(maxsize=2 * devices)
    def order(device: int, epoch: int) -> Int[np.ndarray, " n"]:
        seed = (config.seed, jax.process_index(), device, epoch)
        return np.random.default_rng(seed).permutation(per_device).astype(np.int32)

    def rows(device: int, step: int) -> Int[np.ndarray, " b"]:
        epoch, index = divmod(step, epoch_steps)
        return order(device, epoch)[index * batch : (index + 1) * batch]

    def dispatch(first: int, count: int) -> Batches:
        steps = range(first, first + count)
        seen = np.stack(
            [np.stack([rows(device, step) for step in steps]) for device in range(devices)]
        )
        local = seen + per_device * np.arange(devices)[:, None, None]
        # The steps get no more than they see: their program does not depend on the set's size.
        pixels = _gather()(placed, seen.reshape(devices, -1))
        order = np.arange(count * batch, dtype=np.int32).reshape(1, count, batch)
        positions = jax.process_index() + hosts * local
        return Batches(pixels, np.broadcast_to(order, seen.shape), positions)

    return dispatch


@functools.cache
def _gather() -> Callable:
    """Return a function (photographs, rows) -> those photographs, on all devices."""
    return parallel.rowwise(lambda photographs, rows: photographs[rows])


def _streamed(config: ConfigDict, photographs: photos.Photographs) -> Dispatch:
    batch, devices = config.train.batch_size // jax.process_count(), jax.local_device_count()
    stream: Any = photos.stream(
        photographs, batch, config.data.size, config.data.short_side, seed=config.seed
    )
    following = 0

    def dispatch(first: int, count: int) -> Batches:
        nonlocal following
        if first != following:
            stream.set_state(stream.get_state() | {"next_index": first})
        following = first + count
        # Each device gets its part of every batch, one batch after the other: 'devices steps b'.
        read = [next(stream) for _ in range(count)]
        batches = np.stack([parallel.shard(batch["photo"]) for batch in read], axis=1)
        positions = np.stack([parallel.shard(batch["position"]) for batch in read], axis=1)
        pixels = batches.reshape(devices, -1, *batches.shape[3:])
        rows = np.arange(pixels.shape[1], dtype=np.int32).reshape(1, count, -1)
        return Batches(pixels, np.broadcast_to(rows, (devices, *rows.shape[1:])), positions)

    return dispatch


def prior_batches(
    config: ConfigDict, photographs: photos.Photographs
) -> Iterator[UInt8[np.ndarray, "b s s 3"]]:
    """Yield the photographs that define the training set's own prior, the same on every host."""
    limit = config.prior.photographs or len(photographs)
    for batch in photos.evaluation_batches(
        photographs.select(range(min(limit, len(photographs)))),
        PRIOR_BATCH,
        config.data.size,
        config.data.short_side,
    ):
        yield batch["photo"][batch["valid"]]


def spread(config: ConfigDict, photographs: photos.Photographs) -> UInt8[np.ndarray, "b s s 3"]:
    """Return a batch spread evenly over the training set, the same on every host.

    Initial scales are fitted to it.
    """
    count = min(config.train.batch_size, len(photographs))
    rows = [i * len(photographs) // count for i in range(count)]
    data = config.data
    return photos.resident(photographs.select(rows), data.size, data.short_side).photo
