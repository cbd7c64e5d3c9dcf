"""The state of a run: how it starts or resumes, and the part that is saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from ml_collections import ConfigDict

from cic_jax import checkpoint, factory, step_files
from cic_jax.model import require_same_shapes
from cic_jax.step import TrainState, init
from cic_jax.train import parallel
from cic_jax.train.build import Builders, Parts
from cic_jax.train.config import ConfigError

Variables = dict[str, Any]


def first_state(
    config: ConfigDict,
    parts: Parts,
    builders: Builders,
    manager: ocp.CheckpointManager,
    begin: Callable[[Variables], Variables],
) -> tuple[TrainState, step_files.Record]:
    """Return the latest saved state and its record.

    Without one, return the state that training starts from and {}.

    Args:
        config: `train.init_from` names a checkpoint to start from, `seed` draws the parameters.
        parts: The network and the optimiser.
        builders: Functions that built the parts; they must also have built the checkpoint.
        manager: Manager of the run's checkpoints.
        begin: Turns random variables into initial ones, if no checkpoint is named.

    Raises ConfigError if other functions built the run so far, and ValueError if a checkpoint has
    another shape.
    """
    network = parallel.for_one_device(parts.network)
    state = init(jax.random.key(config.seed), network, parts.optimizer)
    if config.train.average:
        state = state._replace(average=state.trained)
    if checkpoint.begun(manager):
        return _resumed(state, builders, manager)
    if config.train.init_from:
        variables = _variables_of(config.train.init_from, builders)
        require_same_shapes(state.variables, variables, config.train.init_from)
    else:
        variables = begin(state.variables)
    return TrainState(
        state.step,
        **variables,
        optimizer=parts.optimizer.init(variables["params"]),
        average=variables if config.train.average else None,
    ), {}


def _resumed(
    state: TrainState, builders: Builders, manager: ocp.CheckpointManager
) -> tuple[TrainState, step_files.Record]:
    """Return the latest saved state, shaped like the one given, and its record."""
    if manager.latest_step() is not None:
        recorded = checkpoint.latest_description(manager).get("factories", {})
        if recorded != builders.names:
            raise ConfigError(
                f"{manager.directory.parent} holds a run built by {_listed(recorded)}, this one is "
                f"built by {_listed(builders.names)}: go on with the same functions, or name "
                "a new --workdir"
            )
    step, variables, rest = checkpoint.resume(manager, state.variables, _unexported(state))
    logging.info("Resuming from step %d.", step)
    record = latest_record(manager)
    if state.average is None:
        return TrainState(np.array(step), **variables, optimizer=rest), record
    optimizer, trained = rest
    return TrainState(np.array(step), **trained, optimizer=optimizer, average=variables), record


def latest_record(manager: ocp.CheckpointManager) -> step_files.Record:
    """Return the record of the latest step; {} where there is none, or an earlier version's."""
    step = manager.latest_step()
    return {} if step is None else step_files.read(Path(manager.directory) / str(step))[1]


def _listed(names: dict[str, str]) -> str:
    return ", ".join(f"{kind} {name}" for kind, name in names.items()) or "this library alone"


def _variables_of(path: str, builders: Builders) -> Variables:
    """Load the variables of a checkpoint, rebuilt by the run's own functions if those built it."""
    own = {factory.NETWORK: builders.network, factory.TARGET: builders.target}
    built = checkpoint.factories_of(path)
    functions: dict[str, Any] = {f"build_{kind}": own[kind] for kind in built}
    return checkpoint.load(path, **functions).variables


def to_save(state: TrainState) -> tuple[Variables, Any]:
    """Return the model's variables, and the state to save besides them."""
    return state.variables, _unexported(state)


def _unexported(state: TrainState) -> Any:
    """Return the optimiser's state and, when averaging, the raw parameters."""
    return state.optimizer if state.average is None else (state.optimizer, state.trained)
