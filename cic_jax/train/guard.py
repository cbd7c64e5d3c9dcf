"""Steps whose loss or gradient is not finite: marked on the device, left out or refused here."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from cic_jax.train import parallel
from cic_jax.train.config import ConfigError


def guarded(step: Callable, *, skip: bool) -> Callable:
    """Return a `train_step` whose figures are NaN if loss, parameters or statistics are not finite.

    The figures are the loss, or [loss, norm of the gradient], which may overflow by itself. A
    gradient that is not finite makes the parameters so. With `skip` such a step changes nothing
    but the step's number. The step must run on the replicas of `parallel.AXIS`.
    """

    def run(state, photos, key):
        after, figures = step(state, photos, key)
        leaves = [
            figures.ravel()[0],
            *jax.tree.leaves(after._replace(step=None, optimizer=None, average=None)),
        ]
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in leaves]))
        finite = jax.lax.pmin(finite.astype(jnp.int32), parallel.AXIS) == 1
        if skip:
            kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), after, state)
            after = kept._replace(step=after.step)
        return after, jnp.where(finite, figures, jnp.nan)

    return run


def refusal(what: str) -> ConfigError:
    """Return the error that ends a run, before anything is saved, where `what` happened."""
    return ConfigError(
        f"{what}; the steps saved before it are kept: train with a smaller "
        "config.train.learning_rate or config.model.dtype=float32 in a new --workdir, or leave out "
        "some such steps by config.train.skip_steps"
    )
