"""The study's runs: the config, the directory and the training progress of each."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from cic_jax import checkpoint
from cic_jax.study import mistakes, scored
from cic_jax.study.published import STARTS_FROM, VARIANTS
from cic_jax.train import feed, train
from cic_jax.train.config import check

EXPORT = "model"  # in the directory of a run that was trained elsewhere: its exported parameters


class Saved(NamedTuple):
    """Saved steps of a run: the one of least validation loss, and the latest."""

    best: int | None
    latest: int | None


def saved(home: Path, config: ConfigDict) -> Saved:
    """Look up the saved steps of a run's directory; None where it has saved none yet.

    A run that was trained and scored elsewhere has the steps that it had there.
    """
    if not checkpoint.has_steps(home):
        about = scored.about(home) or {}
        return Saved(about.get("best"), about.get("latest"))
    with checkpoint.manager(home, config.train.best_metric) as manager:
        return Saved(manager.best_step(), manager.latest_step())


def parameters(home: Path) -> Path | None:
    """Return the checkpoint of a run: its own, or what was exported elsewhere; None without."""
    if checkpoint.has_steps(home):
        return home
    return home / EXPORT if (home / EXPORT).exists() else None


class Run(NamedTuple):
    """Training of one model of the study with one seed, on the experimental or the final set."""

    model: str
    seed: int
    subset: str
    epochs: float  # that the study trained; the config's epochs are those trained here
    config: ConfigDict
    home: Path

    def saved(self) -> Saved:
        """Look up the saved steps."""
        return saved(self.home, self.config)

    def total_steps(self, steps_per_epoch: int) -> int:
        """Count the steps of the whole training."""
        return feed.total_steps(self.config.train.epochs, steps_per_epoch)

    def finished(self, steps_per_epoch: int) -> bool:
        """Tell whether the whole training is done."""
        return self.saved().latest == self.total_steps(steps_per_epoch)


def train_to_end(config: ConfigDict, home: Path, steps: int) -> None:
    """Train until `steps` are done, from where an earlier run in `home` stopped, if at all.

    Raises:
        SystemExit: The training was interrupted; a rerun resumes it.
    """
    if saved(home, config).latest != steps:
        train(config, home, **mistakes.HOOKS)
    if saved(home, config).latest != steps:
        raise SystemExit(f"{home} was interrupted: rerun the same command to resume it")


def config_of(name: str) -> ConfigDict:
    """Load a model's config file, with the mistake that its variant repeats."""
    base, mistake = VARIANTS.get(name, (name, {}))
    config = importlib.import_module(f"cic_jax.configs.{base}").get_config()
    config.update_from_flattened_dict(mistake)
    return config


def configure(
    name: str,
    seed: int,
    workdir: Path,
    sets: Mapping[str, Mapping[str, Any]],
    overrides: Mapping[str, Any],
) -> Run:
    """Set up the run of a model.

    Args:
        name: One of `published.MODELS` or `published.VARIANTS`.
        seed: Seed of the training.
        workdir: Directory of the whole study.
        sets: Options below `data` for each subset, "experimental" and "final".
        overrides: Options for all models, by whole keys such as "train.crop".

    Raises:
        ConfigError: A value that no part of an experiment can act on.
    """
    config = config_of(name)
    subset, epochs = config.data.subset, config.train.epochs
    config.update_from_flattened_dict({**overrides, "seed": seed})
    config.data.update(sets[subset])
    if name in STARTS_FROM:
        start = home_of(STARTS_FROM[name], seed, workdir)
        config.train.init_from = str(parameters(start) or start)
    check(config)
    return Run(name, seed, subset, epochs, config, home_of(name, seed, workdir))


def home_of(name: str, seed: int, workdir: Path) -> Path:
    """Return the run directory: `<model>/` for seed 0, `<model>/seed<n>/` otherwise.

    Seeds can so be added later.
    """
    return workdir / name / f"seed{seed}" if seed else workdir / name
