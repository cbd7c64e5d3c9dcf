"""Saving the steps of a run: at validations, every few minutes between them, and at its end."""

import time
from collections.abc import Callable
from typing import Any

import orbax.checkpoint as ocp

from cic_jax import checkpoint, step_files
from cic_jax.description import Description
from cic_jax.train import parallel, record
from cic_jax.train.state import to_save


class Saver:
    """Saves steps with their record, and tells when the next one is due."""

    def __init__(
        self,
        manager: ocp.CheckpointManager,
        description: Description,
        recorded: Callable[[], step_files.Record],
        recorder: record.Recorder,
        minutes: float,
    ):
        """Begin to count the minutes.

        Args:
            manager: Manager of the run's checkpoints.
            description: See `model.describe`.
            recorded: Returns what a step records besides its arrays.
            recorder: Log of the run, which gets a line for each step saved.
            minutes: Time between two saves; 0 for no saves but those that are asked for.
        """
        self._manager, self._description = manager, description
        self._recorded, self._recorder = recorded, recorder
        self._seconds, self._since = 60 * minutes, time.monotonic()

    def due(self) -> bool:
        """Return whether the last save is long ago by this host's clock."""
        return 0 < self._seconds <= time.monotonic() - self._since

    def save(self, step: int, state: Any, metrics: dict[str, float] | None) -> None:
        """Save a replicated state in the background.

        Args:
            step: Number of the step.
            state: Replicated state after the step.
            metrics: Validation metrics; None if the step was not validated.
        """
        saved, recorded = to_save(parallel.unreplicate(state)), self._recorded()
        arrays = checkpoint.save(self._manager, step, saved, self._description, metrics, recorded)
        self._recorder.note(step, "saved", arrays=arrays, batches=recorded["batches"])
        self._since = time.monotonic()
