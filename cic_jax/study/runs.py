"""The study's runs: the config and the place of each, and how far its training has come."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from cic_jax import checkpoint
from cic_jax.study import published
from cic_jax.train import build


class Saved(NamedTuple):
    """The steps that are kept of a run: of the least validation loss, and the latest."""

    best: int | None
    latest: int | None


def saved(home: Path, config: ConfigDict) -> Saved:
    """What a run's directory holds; None where it has saved no step yet."""
    if not (home / checkpoint.CONFIG).exists():
        return Saved(None, None)
    with checkpoint.manager(home, config.train.best_metric) as manager:
        return Saved(manager.best_step(), manager.latest_step())


class Run(NamedTuple):
    """A model of the study, to be trained with one seed on the experimental or the final set."""

    model: str
    seed: int
    subset: str
    epochs: float  # in the study
    config: ConfigDict
    home: Path

    def saved(self) -> Saved:
        """The steps that are kept."""
        return saved(self.home, self.config)

    def total_steps(self, steps_per_epoch: int) -> int:
        """How many it trains."""
        return max(1, round(self.config.train.epochs * steps_per_epoch))

    def finished(self, steps_per_epoch: int) -> bool:
        """Whether it has trained them."""
        return self.saved().latest == self.total_steps(steps_per_epoch)


def configure(
    name: str,
    seed: int,
    config: ConfigDict,
    workdir: Path,
    sets: Mapping[str, Mapping[str, Any]],
    overrides: Mapping[str, Any],
) -> Run:
    """The run of a model: its own config, what holds for all models, and its photographs.

    `sets` has for each subset options below `data`, `overrides` whole keys such as "train.crop".
    Raises ConfigError for a value that no part of an experiment can act on.
    """
    subset, epochs = config.data.subset, config.train.epochs
    config = config.copy_and_resolve_references()
    config.update_from_flattened_dict({**overrides, "seed": seed})
    config.data.update(sets[subset])
    if name in published.STARTS_FROM:
        config.train.init_from = str(home_of(published.STARTS_FROM[name], seed, workdir))
    build.check(config)
    return Run(name, seed, subset, epochs, config, home_of(name, seed, workdir))


def home_of(name: str, seed: int, workdir: Path) -> Path:
    """Of seed 0 the model's own directory, of others one below it: seeds can be added later."""
    return workdir / name / f"seed{seed}" if seed else workdir / name
