"""Several steps of a run as one program, on all devices."""

from collections.abc import Callable
from functools import partial

from ml_collections import ConfigDict

from cic_jax import target
from cic_jax.step import Augment, downsample, train_step, train_steps
from cic_jax.train import build, guard, parallel


def steps(config: ConfigDict, parts: build.Parts, augment: Augment) -> Callable:
    """Return (replicated state, photographs, rows, key) -> state, [losses, norms of gradients]."""
    step = partial(
        train_step,
        network=parts.network,
        optimizer=parts.optimizer,
        augment=augment,
        downsample=partial(downsample, every_fourth=config.target.every_fourth),
        hint=build.draw_hints(config, parts.target),
        see=build.see(config),
        average=config.train.average,
        axis_name=parallel.AXIS,
        with_norm=True,
    )
    given = target.arguments(parts.target)

    def run_steps(state, photographs, rows, key, given):
        aimed = partial(step, target=target.with_arguments(parts.target, given))
        guarded = guard.guarded(aimed, skip=config.train.skip_steps > 0)
        return train_steps(state, photographs, rows, key, step=guarded)

    run = parallel.replicas(run_steps, (0, 0, 0, None, None), donate=True)
    return lambda *arguments: run(*arguments, given)
