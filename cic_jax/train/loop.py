"""A run, from its config to its last step. All arithmetic is elsewhere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from absl import logging
from ml_collections import ConfigDict

from cic_jax import checkpoint, hosts, metrics, photos
from cic_jax.model import BuildNetwork, BuildTarget
from cic_jax.train import (
    advance,
    agreement,
    build,
    crop,
    directory,
    dispatch,
    feed,
    identity,
    outcome,
    parallel,
    record,
    validation,
)
from cic_jax.train.config import check
from cic_jax.train.goodput import Clock
from cic_jax.train.interrupt import Interrupt
from cic_jax.train.optimizer import build_schedule
from cic_jax.train.profile import Profile
from cic_jax.train.progress import Progress
from cic_jax.train.saver import Saver
from cic_jax.train.state import first_state, latest_record

TrainingSet = Callable[[ConfigDict, dict[str, photos.Photographs]], photos.Photographs]


def train(
    config: ConfigDict,
    workdir: str | Path,
    *,
    build_target: BuildTarget = build.build_target,
    build_network: BuildNetwork = build.build_network,
    palette: build.BuildPalette = build.palette,
    training_set: TrainingSet = feed.training_set,
    resume_anyway: bool = False,
    profile_steps: tuple[int, int] | None = None,
) -> dict[str, float]:
    """Train as the config says, or continue exactly where the last run in `workdir` stopped.

    Writes config.json, machine.json, photographs.txt, time.json, log.jsonl, tensorboard/ and
    checkpoints/ there and returns the last validation metrics, those of a run that was complete
    before, too; {} if none was made yet. A run that starts from a checkpoint is validated before
    its first step, which is saved: the best step, the run's model, is never worse than that. Ctrl-C
    and SIGTERM save and end the run in good order; after the last step they take effect as soon as
    the run is written.

    Args:
        config: Values of every key of configs/default.py.
        workdir: Directory of the run; nothing is written there before all parts are built.
        build_target: (config, palette) -> another loss, encoding or read-out.
        build_network: (config, outputs, axis_name) -> another network.
        palette: (config, batches of the training set) -> other bins, prior or class weights.
        training_set: (config, splits) -> the photographs to train on.
        resume_anyway: Continue with another config, other photographs or another number of
            devices, and record what has changed; else such a start is refused.
        profile_steps: Steps to trace with JAX's profiler, counted from 0; the second is left out.

    Raises ValueError that says what is wrong with the config, the photographs or the directory.
    """
    clock, interrupt = Clock(), Interrupt()
    check(config)
    agreement.require_same_start(config, resume_anyway=resume_anyway, profile_steps=profile_steps)
    workdir = Path(workdir).expanduser()
    changed = directory.require_free(workdir, config, anyway=resume_anyway)
    directory.require_saved(workdir)
    builders = build.choose(config, palette, build_target, build_network)
    with clock.phase("data"):
        material = _material(config, builders, training_set)
    agreement.require_same_run(identity.of_run(material.listed, builders))
    with directory.written(workdir), directory.locked(workdir):
        figures = _run(
            _Start(config, workdir, builders, material, clock, interrupt),
            changed=changed,
            anyway=resume_anyway,
            profile_steps=profile_steps,
        )
    logging.info("%s", clock.line())
    interrupt.pass_on()  # all is written now
    return figures


class _Material(NamedTuple):
    """Photographs of a run, and the parts built with them."""

    photographs: photos.Photographs
    validation: photos.Photographs
    listed: dict[str, identity.Listed]  # of both, by split
    source: feed.Feed
    parts: build.Parts


def _material(config: ConfigDict, builders: build.Builders, training_set: TrainingSet) -> _Material:
    with hosts.first_goes_first("photographs"):
        splits = photos.open_splits(config.data)
    photos.require_some(splits["validation"])
    photographs = training_set(config, splits)
    source = feed.open_feed(config, photographs)
    return _Material(
        photographs,
        splits["validation"],
        {"train": identity.read(photographs), "validation": identity.read(splits["validation"])},
        source,
        build.assemble(config, photographs, source.total_steps, builders),
    )


class _Start(NamedTuple):
    """What a start of a run has before it opens what is saved."""

    config: ConfigDict
    workdir: Path
    builders: build.Builders
    material: _Material
    clock: Clock
    interrupt: Interrupt


def _run(
    start: _Start, *, changed: list[str], anyway: bool, profile_steps: tuple[int, int] | None
) -> dict[str, float]:
    """Open or resume the run in a locked directory, train, and return the last metrics.

    Args:
        start: Parts of the run.
        changed: Values of the config that have changed since the run began.
        anyway: Whether other changes are accepted, too.
        profile_steps: As in `train`.
    """
    config, workdir, builders, material, clock, interrupt = start
    parts, source = material.parts, material.source
    own, listing = identity.of_run(material.listed, builders), identity.listing(material.listed)
    augment = partial(crop.random_crop, size=config.train.crop, scale=config.train.crop_scale)
    with checkpoint.manager(workdir, config.train.best_metric) as manager, hosts.failing():
        checkpoint.clear_unfinished(manager)
        before = latest_record(manager).get("run", {})
        changed = changed + identity.require_same(before, own, listing, workdir, anyway=anyway)
        begin = partial(
            build.begin,
            config,
            parallel.for_one_device(parts.network),
            parts.palette,
            photographs=partial(feed.spread, config, material.photographs),
            augment=augment,
        )
        tuned = bool(config.train.init_from) and not checkpoint.begun(manager)
        state, recorded = first_state(config, parts, builders, manager, begin)
        step, key = int(state.step), jax.random.key(config.seed)
        hosts.require_same("step", {"the step from which it goes on": step})
        state = parallel.of_first_host(state)
        clock.go_on(workdir, step, recorded.get("seconds", {}))
        directory.describe(workdir, config, listing)
        clock.write(workdir)
        changes = recorded.get("changes", [])
        changes = [*changes, {"step": step, "changed": changed}] if changed else changes
        progress = Progress(material.listed["train"], key, config.train.skip_steps, recorded)

        def to_record():
            return {"run": own, "changes": changes, "seconds": clock.count(), **progress.record()}

        with (
            record.Recorder(workdir, step) as recorder,
            interrupt,
            Profile(workdir, profile_steps) as profile,
        ):
            if changed:
                recorder.note(step, "resumed", changed=changed)
            recorder.settings(directory.flat(config), metrics.RANKED)
            minutes = config.train.save_every_minutes
            tasks = advance.Tasks(
                dispatch.steps(config, parts, augment),
                validation.validator(config, parts, material.validation, recorder, source),
                Saver(manager, parts.description, to_record, recorder, minutes),
                record.Meter(
                    config.train.batch_size,
                    source,
                    recorder,
                    step,
                    build_schedule(config, source.total_steps),
                ),
                progress,
                profile,
                partial(clock.keep_up, workdir),
                clock.phase,
            )
            step, validated = advance.to_the_end(
                source, tasks, state, key, interrupt, validate_start=tuned
            )
            with clock.phase("saving"):
                checkpoint.wait(manager)
    clock.write(workdir, ended_at=step)
    validations = [line for line in record.read(workdir) if line["split"] == "validation"]
    if config.train.init_from and step == source.total_steps and jax.process_index() == 0:
        logging.info("%s", outcome.line(validations, config.train.best_metric))
    return validated or outcome.figures(validations)
