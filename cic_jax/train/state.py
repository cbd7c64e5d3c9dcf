"""The state of a run: where it starts or continues, and what is saved of it."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from ml_collections import ConfigDict

from cic_jax import checkpoint, factory
from cic_jax import model as models
from cic_jax import step as steps
from cic_jax.train import parallel
from cic_jax.train.build import Builders, Parts
from cic_jax.train.config import ConfigError

Variables = dict[str, Any]


def first(
    config: ConfigDict,
    parts: Parts,
    builders: Builders,
    manager: ocp.CheckpointManager,
    begin: Callable[[Variables], Variables],
) -> steps.TrainState:
    """Return the latest saved state, else one with the parameters that training starts from.

    Args:
        config: `train.init_from` names a checkpoint to start from, `seed` draws the parameters.
        parts: The network and the optimiser.
        builders: What built the parts, and has to have built a checkpoint with parts of its own.
        manager: Of the run's checkpoints.
        begin: Turns random variables into the first ones, where no checkpoint is named.

    Raises ConfigError where other functions built the run so far, ValueError where a checkpoint
    has another shape.
    """
    network = parallel.for_one_device(parts.network)
    state = steps.init(jax.random.key(config.seed), network, parts.optimizer)
    if config.train.average:
        state = state._replace(average=state.trained)
    if manager.latest_step() is not None:
        return _resumed(state, builders, manager)
    if config.train.init_from:
        variables = _variables_of(config.train.init_from, builders)
        models.require_same_shapes(state.variables, variables, config.train.init_from)
    else:
        variables = begin(state.variables)
    return steps.TrainState(
        state.step,
        **variables,
        optimizer=parts.optimizer.init(variables["params"]),
        average=variables if config.train.average else None,
    )


def _resumed(
    state: steps.TrainState, builders: Builders, manager: ocp.CheckpointManager
) -> steps.TrainState:
    """Return the latest saved state, shaped like the one given."""
    built = checkpoint.latest_description(manager).get("factories", {})
    if built != builders.names:
        raise ConfigError(
            f"{manager.directory.parent} holds a run built by {_listed(built)}, this one is built "
            f"by {_listed(builders.names)}: go on with the same functions, or name a new --workdir"
        )
    step, variables, others = checkpoint.resume(manager, state.variables, _others(state))
    logging.info("Going on from step %d.", step)
    if state.average is None:
        return steps.TrainState(np.array(step), **variables, optimizer=others)
    optimizer, trained = others
    return steps.TrainState(np.array(step), **trained, optimizer=optimizer, average=variables)


def _listed(names: dict[str, str]) -> str:
    return ", ".join(f"{kind} {name}" for kind, name in names.items()) or "this library alone"


def _variables_of(path: str, builders: Builders) -> Variables:
    """Load the variables of a checkpoint; the run's own functions build it if it has any."""
    own = {factory.NETWORK: builders.network, factory.TARGET: builders.target}
    built = checkpoint.factories_of(path)
    functions: dict[str, Any] = {f"build_{kind}": own[kind] for kind in built}
    return checkpoint.load(path, **functions).variables


def to_save(state: steps.TrainState) -> tuple[Variables, Any]:
    """Return the model's variables, and the state to save besides them."""
    return state.variables, _others(state)


def _others(state: steps.TrainState) -> Any:
    """Return the optimiser's state and, when averaging, the raw parameters."""
    return state.optimizer if state.average is None else (state.optimizer, state.trained)
