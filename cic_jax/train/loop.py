"""The training loop: when to step, log, evaluate, save and stop. All arithmetic is elsewhere."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import logging
from flax import linen as nn
from ml_collections import ConfigDict

from cic_jax import checkpoint, machine, photos
from cic_jax import model as models
from cic_jax import step as steps
from cic_jax.train import build, evaluate, feed, parallel, record
from cic_jax.train.interrupt import Interrupt

PICTURES = 8  # validation photographs whose colouring TensorBoard shows


def train(
    config: ConfigDict,
    workdir: str | Path,
    *,
    build_target: Callable = build.build_target,
    build_network: Callable = build.build_network,
) -> dict[str, float]:
    """Train as the config says, or go on where the last run in `workdir` stopped.

    Writes config.json, machine.json, log.jsonl, tensorboard/ and checkpoints/ there and returns the
    last validation figures. Ctrl-C and SIGTERM save and end the run in good order; after the last
    step they take effect as soon as the run is written. Another
    `build_target(config, palette)` or `build_network(config, outputs, axis_name)` trains another
    loss, encoding or network.
    """
    build.check(config)
    workdir = Path(workdir)
    _remember(config, workdir)
    splits = photos.open_splits(config.data)
    training = feed.training_set(config, splits)
    palette = build.palette(config, partial(feed.prior_batches, config, training))
    target = build_target(config, palette)
    network = build_network(config, target.outputs, parallel.AXIS)
    fed = feed.open_feed(config, training)
    optimizer = build.build_optimizer(config, fed.total_steps)
    step = partial(
        steps.train_step,
        network=network,
        target=target,
        optimizer=optimizer,
        crop=config.train.crop,
        crop_scale=config.train.crop_scale,
        average=config.train.average,
        every_fourth=config.target.every_fourth,
        axis_name=parallel.AXIS,
    )
    run = parallel.replicas(partial(steps.train_steps, step=step), (0, 0, 0, None), donate=True)
    description = build.describe(config, palette)
    with checkpoint.manager(workdir, config.train.best_metric) as manager:
        begin = partial(_begin, config, _alone(network), palette, training)
        state = _first_state(config, network, optimizer, manager, begin)
        with record.Recorder(workdir, int(state.step)) as recorder, Interrupt() as interrupt:
            tasks = _Tasks(
                run,
                _validation(
                    config,
                    network,
                    target,
                    splits["validation"],
                    recorder,
                    fed.steps_per_epoch,
                ),
                partial(_save, manager, description),
                record.Meter(config.train.batch_size, fed, recorder, int(state.step)),
            )
            figures = _loop(fed, tasks, state, jax.random.key(config.seed), interrupt)
    interrupt.pass_on()  # all is written now
    return figures


class _Tasks(NamedTuple):
    """What the loop calls."""

    run: Callable  # (state, photographs, rows, key) -> state, losses
    validate: Callable  # (step, state) -> figures
    save: Callable  # (step, state, figures)
    meter: record.Meter


def _loop(fed: feed.Feed, tasks: _Tasks, state, key, interrupt: Interrupt) -> dict[str, float]:
    step, figures = int(state.step), {}
    state = parallel.replicate(state)
    stop = False
    while step < fed.total_steps and not stop:
        until = min(fed.total_steps, (step // fed.evaluate_steps + 1) * fed.evaluate_steps)
        count = min(fed.steps_per_dispatch, until - step)
        state, losses = tasks.run(state, *fed.dispatch(step, count), key)
        step += count
        # Reading the losses also waits for the step: two of them at once on virtual devices of a
        # CPU wait for each other for ever.
        tasks.meter.add(step, np.asarray(losses.addressable_data(0))[0])
        if step == until:
            tasks.meter.flush()
            figures = tasks.validate(step, state)
            tasks.save(step, state, figures)
            tasks.meter.restart()
        stop = interrupt.requested(step)
    if stop and step < fed.total_steps:
        if step % fed.evaluate_steps:
            tasks.save(step, state, None)
        logging.info("Interrupted: step %d is saved, the same command goes on from it.", step)
        interrupt.heed()
    tasks.meter.close()
    return figures


def _remember(config: ConfigDict, workdir: Path) -> None:
    """Write the config down; refuse a directory that holds a run of another one."""
    if jax.process_index() != 0:
        return
    path = workdir / checkpoint.CONFIG
    text = config.to_json_best_effort(indent=1, sort_keys=True) + "\n"
    if path.exists():
        before, now = _flat(json.loads(path.read_text())), _flat(json.loads(text))
        before = build.ADDED | before
        changed = {k for k in before.keys() | now.keys() if before.get(k) != now.get(k)}
        if changed - {"train.epochs", "train.evaluate_every", "train.steps_per_dispatch"}:
            raise build.ConfigError(
                f"{workdir} holds a run with another {', '.join(sorted(changed))}: go on with its "
                f"own values ({path}), or name a new --workdir"
            )
    workdir.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (workdir / record.MACHINE).write_text(json.dumps(machine.describe(), indent=1) + "\n")


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        inner = _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else None
        leaves |= {f"{prefix}{key}": value} if inner is None else inner
    return leaves


def _first_state(config, network, optimizer, manager, begin) -> steps.TrainState:
    """The latest saved state; else the parameters of `train.init_from`; else those of `begin`."""
    state = steps.init(jax.random.key(config.seed), _alone(network), optimizer)
    if config.train.average:
        state = state._replace(average=state.trained)
    if manager.latest_step() is not None:
        step, variables, others = checkpoint.resume(manager, state.variables, _beside(state))
        logging.info("Going on from step %d.", step)
        if not config.train.average:
            return steps.TrainState(np.array(step), **variables, optimizer=others)
        optimizer_state, trained = others
        return steps.TrainState(
            np.array(step), **trained, optimizer=optimizer_state, average=variables
        )
    if config.train.init_from:
        start = checkpoint.load(config.train.init_from)
        models.require_same_shapes(state.variables, start.variables, config.train.init_from)
        variables = start.variables
    else:
        variables = begin(state.variables)
    return steps.TrainState(
        state.step,
        **variables,
        optimizer=optimizer.init(variables["params"]),
        average=variables if config.train.average else None,
    )


def _begin(config, network, palette, photographs, variables) -> dict[str, Any]:
    """Random parameters -> those that training starts from."""
    return build.begin(
        config, network, palette, variables, partial(feed.spread, config, photographs)
    )


def _beside(state: steps.TrainState) -> Any:
    """What goes on needs beside the model; where the model is an average, also what it is of."""
    return state.optimizer if state.average is None else (state.optimizer, state.trained)


def _alone(network: nn.Module) -> nn.Module:
    """The same network outside the devices' common step."""
    return network.clone(axis_name=None) if hasattr(network, "axis_name") else network


def _validation(config, network, target, photographs, recorder, steps_per_epoch) -> Callable:
    """(step, replicated state) -> the figures over the validation split, also logged."""
    network = _alone(network)
    table_of = evaluate.evaluator(network, target, config)
    shown = np.stack(
        [
            photos.window(photographs[i]["image"], config.data.size)[0]
            for i in range(min(PICTURES, len(photographs)))
        ]
    )
    colour = partial(
        evaluate.colourings, network=network, target=target, temperature=config.colour.temperature
    )

    def validate(step, state):
        variables = state.variables
        figures = evaluate.means(table_of(variables, photographs))
        recorder.scalars(step, "validation", epoch=step / steps_per_epoch, **figures)
        grey = np.repeat(shown.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)
        coloured = colour(parallel.unreplicate(variables), shown)
        recorder.picture(step, "grey, coloured, true", evaluate.grid([grey, coloured, shown]))
        return figures

    return validate


def _save(manager, description, step, state, figures) -> None:
    state = parallel.unreplicate(state)
    checkpoint.save(manager, step, (state.variables, _beside(state)), description, figures)
