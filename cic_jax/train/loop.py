"""The training loop: when to step, log, evaluate, save and stop. All arithmetic is elsewhere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from jaxtyping import Array, Float, Key
from ml_collections import ConfigDict

from cic_jax import checkpoint, photos, read_out
from cic_jax.model import BuildNetwork, BuildTarget
from cic_jax.step import Augment, TrainState, downsample, train_step, train_steps
from cic_jax.train import build, crop, directory, evaluate, feed, parallel, record
from cic_jax.train.config import ConfigError, check
from cic_jax.train.interrupt import Interrupt
from cic_jax.train.state import first_state, to_save

PICTURES = 8  # validation photographs whose colouring TensorBoard shows

TrainingSet = Callable[[ConfigDict, dict[str, photos.Photographs]], photos.Photographs]


def train(
    config: ConfigDict,
    workdir: str | Path,
    *,
    build_target: BuildTarget = build.build_target,
    build_network: BuildNetwork = build.build_network,
    palette: build.BuildPalette = build.palette,
    training_set: TrainingSet = feed.training_set,
) -> dict[str, float]:
    """Train as the config says, or continue where the last run in `workdir` stopped.

    Writes config.json, photographs.json, machine.json, log.jsonl, tensorboard/ and checkpoints/
    there and returns the last validation metrics. Ctrl-C and SIGTERM save and end the run in good
    order; after the last step they take effect as soon as the run is written.

    Args:
        config: Values of every key of configs/default.py.
        workdir: Directory of the run; nothing is written there before all parts are built.
        build_target: (config, palette) -> another loss, encoding or read-out.
        build_network: (config, outputs, axis_name) -> another network.
        palette: (config, batches of the training set) -> other bins, prior or class weights.
        training_set: (config, splits) -> the photographs to train on.

    Raises ValueError that says what is wrong with the config, the photographs or the directory.
    """
    check(config)
    workdir = Path(workdir).expanduser()
    directory.require_free(workdir, config)
    directory.require_saved(workdir)
    builders = build.choose(config, palette, build_target, build_network)
    splits = photos.open_splits(config.data)
    directory.require_same_photographs(workdir, config, splits)
    photos.require_some(splits["validation"])
    photographs = training_set(config, splits)
    source = feed.open_feed(config, photographs)
    parts = build.assemble(config, photographs, source.total_steps, builders)
    augment = partial(crop.random_crop, size=config.train.crop, scale=config.train.crop_scale)
    begin = partial(
        build.begin,
        config,
        parallel.for_one_device(parts.network),
        parts.palette,
        photographs=partial(feed.spread, config, photographs),
        augment=augment,
    )
    with (
        directory.locked(workdir),
        checkpoint.manager(workdir, config.train.best_metric) as manager,
    ):
        state = first_state(config, parts, builders, manager, begin)
        directory.describe(workdir, config, splits)
        with record.Recorder(workdir, int(state.step)) as recorder, Interrupt() as interrupt:
            tasks = _Tasks(
                _dispatched_steps(config, parts, augment),
                _validation(config, parts, splits["validation"], recorder, source),
                partial(_save, manager, parts.description),
                record.Meter(config.train.batch_size, source, recorder, int(state.step)),
            )
            metrics = _loop(source, tasks, state, jax.random.key(config.seed), interrupt)
    interrupt.pass_on()  # all is written now
    return metrics


class _Tasks(NamedTuple):
    """Functions that the loop calls."""

    run: Callable  # (replicated state, photographs, rows, key) -> state, losses
    validate: Callable  # (step, replicated state) -> metrics
    save: Callable  # (step, replicated state, metrics or None)
    meter: record.Meter


def _loop(
    source: feed.Feed,
    tasks: _Tasks,
    state: TrainState,
    key: Key[Array, ""],
    interrupt: Interrupt,
) -> dict[str, float]:
    """Train up to the last step or an interrupt; return the last validation metrics.

    Args:
        source: Photographs of each dispatch, and the number of steps between validations.
        tasks: Functions to call.
        state: State from which training starts or continues.
        key: Random key of the augmentation.
        interrupt: Requests to stop.
    """
    step, metrics = int(state.step), {}
    state = parallel.replicate(state)
    stop = False
    while step < source.total_steps and not stop:
        until = min(source.total_steps, (step // source.evaluate_steps + 1) * source.evaluate_steps)
        count = min(source.steps_per_dispatch, until - step)
        state, losses = tasks.run(state, *source.dispatch(step, count), key)
        step += count
        # Reading the losses also waits for the step: two of them at once on virtual devices of a
        # CPU wait for each other for ever.
        values = np.asarray(losses.addressable_data(0))[0]
        _require_finite(values, step - count + 1)
        tasks.meter.add(step, values)
        if step == until:
            tasks.meter.flush()
            metrics = tasks.validate(step, state)
            _require_finite(np.array([metrics["loss"]]), step)
            tasks.save(step, state, metrics)
            tasks.meter.restart()
        stop = interrupt.requested(step)
    if stop and step < source.total_steps:
        if step % source.evaluate_steps:
            tasks.save(step, state, None)
        logging.info("Interrupted: step %d is saved, the same command continues from it.", step)
        interrupt.heed()
    tasks.meter.close()
    return metrics


def _require_finite(losses: Float[np.ndarray, " steps"], first: int) -> None:
    """Raise ConfigError, before anything is saved, where the loss of a step is not finite."""
    finite = np.isfinite(losses)
    if not finite.all():
        raise ConfigError(
            f"the loss of step {first + int(np.argmin(finite))} is not finite; the steps saved "
            "before it are kept: train with a smaller config.train.learning_rate or "
            "config.model.dtype=float32 in a new --workdir"
        )


def _dispatched_steps(config: ConfigDict, parts: build.Parts, augment: Augment) -> Callable:
    """Return (replicated state, photographs, rows, key) -> state, losses, on all devices."""
    step = partial(
        train_step,
        network=parts.network,
        target=parts.target,
        optimizer=parts.optimizer,
        augment=augment,
        downsample=partial(downsample, every_fourth=config.target.every_fourth),
        hint=build.draw_hints(config, parts.target),
        see=build.see(config),
        average=config.train.average,
        axis_name=parallel.AXIS,
    )
    return parallel.replicas(partial(train_steps, step=step), (0, 0, 0, None), donate=True)


def _validation(
    config: ConfigDict,
    parts: build.Parts,
    photographs: photos.Photographs,
    recorder: record.Recorder,
    source: feed.Feed,
) -> Callable[[int, Any], dict[str, float]]:
    """Return (step, replicated state) -> the metrics over the validation split, also logged.

    Args:
        config: Batch size, window and read-out.
        parts: The network and the target.
        photographs: The validation split.
        recorder: Writes the metrics, and some coloured photographs.
        source: Input of the loop; its `steps_per_epoch` converts steps to epochs.
    """
    network = parallel.for_one_device(parts.network)
    table_of = evaluate.evaluator(network, parts.target, config)
    shown = np.stack(
        [
            photos.window(photographs[i]["image"], config.data.size)[0]
            for i in range(min(PICTURES, len(photographs)))
        ]
    )
    colour = partial(
        evaluate.colourings,
        network=network,
        target=parts.target,
        settings=read_out.from_config(config.colour),
    )

    def validate(step: int, state: Any) -> dict[str, float]:
        metrics = evaluate.means(table_of(state.variables, photographs))
        recorder.scalars(step, "validation", epoch=step / source.steps_per_epoch, **metrics)
        grey = np.repeat(shown.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)
        coloured = colour(parallel.unreplicate(state.variables), shown)
        recorder.picture(step, "grey, coloured, true", evaluate.grid([grey, coloured, shown]))
        return metrics

    return validate


def _save(
    manager: ocp.CheckpointManager,
    description: dict[str, Any],
    step: int,
    state: Any,
    metrics: dict[str, float] | None,
) -> None:
    """Save a replicated state.

    Args:
        manager: Manager of the run's checkpoints.
        description: See `model.describe`.
        step: Number of the step.
        state: Replicated state after the step.
        metrics: Validation metrics; None if the step was not validated.
    """
    saved = to_save(parallel.unreplicate(state))
    checkpoint.save(manager, step, saved, description, metrics)
