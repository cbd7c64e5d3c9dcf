"""The way of a run from step to step: when to log, evaluate, save and stop."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from absl import logging
from jaxtyping import Array, Key

from cic_jax.step import TrainState
from cic_jax.train import feed, guard, parallel, record
from cic_jax.train.interrupt import Interrupt
from cic_jax.train.profile import Profile
from cic_jax.train.progress import Progress
from cic_jax.train.saver import Saver


class Tasks(NamedTuple):
    """What is called on the way."""

    run: Callable  # (replicated state, photographs, rows, key) -> state, [losses, norms]
    validate: Callable  # (step, replicated state) -> metrics
    saver: Saver
    meter: record.Meter
    progress: Progress
    profile: Profile
    keep_up: Callable  # writes the clock now and then
    phase: Callable  # (phase of the clock) -> context


def to_the_end(
    source: feed.Feed,
    tasks: Tasks,
    state: TrainState,
    key: Key[Array, ""],
    interrupt: Interrupt,
    *,
    validate_start: bool,
) -> tuple[int, dict[str, float]]:
    """Train up to the last step or an interrupt; return that step and the last new metrics.

    Args:
        source: Photographs of each dispatch, and the number of steps between validations.
        tasks: What to call.
        state: State from which training starts or continues.
        key: Random key of the augmentation.
        interrupt: Requests to stop.
        validate_start: Whether to validate and save the state before the first step, too.
    """
    step, validated = int(state.step), {}
    state = parallel.replicate(state)
    stop, saved = False, step
    if validate_start:
        validated = _validated(tasks, step, state)
        with tasks.phase("saving"):
            tasks.saver.save(step, state, validated)
        tasks.meter.restart()
    while step < source.total_steps and not stop:
        until = min(source.total_steps, (step // source.evaluate_steps + 1) * source.evaluate_steps)
        tasks.profile.at(step)
        count = min(source.steps_per_dispatch, tasks.profile.bound(step, until) - step)
        with tasks.phase("data"):
            batches = source.dispatch(step, count)
        with tasks.phase("steps"):
            state, figures = tasks.run(state, batches.pixels, batches.rows, key)
            # Reading them also waits for the step: two of them at once on virtual devices of
            # a CPU wait for each other for ever.
            losses, norms = np.asarray(figures.addressable_data(0))[0].T
            tasks.progress.add(step, batches.positions, losses)
        step += count
        tasks.meter.add(step, losses, norms)
        tasks.keep_up()
        if step == until:
            tasks.meter.flush()
            validated = _validated(tasks, step, state)
        stop, due = parallel.any_host(interrupt.requested(), tasks.saver.due())
        if step == until or due:
            tasks.meter.flush()
            with tasks.phase("saving"):
                tasks.saver.save(step, state, validated if step == until else None)
            saved = step
            tasks.meter.restart()
    tasks.profile.at(step)
    if stop and step < source.total_steps:
        if saved != step:
            tasks.meter.flush()
            with tasks.phase("saving"):
                tasks.saver.save(step, state, None)
        logging.info("Interrupted: step %d is saved, the same command continues from it.", step)
        interrupt.heed()
    tasks.meter.close()
    return step, validated


def _validated(tasks: Tasks, step: int, state: TrainState) -> dict[str, float]:
    """Return the validation metrics of a replicated state; ConfigError for a loss not finite."""
    with tasks.phase("evaluation"):
        metrics = tasks.validate(step, state)
    if not np.isfinite(metrics["loss"]):
        raise guard.refusal(f"the validation loss after step {step} is not finite")
    tasks.meter.validated(step, metrics)
    return metrics
