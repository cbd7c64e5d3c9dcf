"""What a run carries besides its arrays: which batches it has seen, and which steps it left out."""

import hashlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from jaxtyping import Array, Float, Int, Key, UInt8

from cic_jax.train import guard, identity

BEGINNING = hashlib.sha256(b"").hexdigest()  # before the first batch


class Progress:
    """Batches seen so far as one SHA-256, and the number of steps left out.

    The SHA-256 goes on from batch to batch: two runs that agree in it have seen the same
    photographs in the same order, with the same crops and mirrorings. Each host knows its own
    batches; those of the first are recorded.
    """

    def __init__(
        self,
        photographs: identity.Listed,
        key: Key[Array, ""],
        limit: int,
        recorded: Mapping[str, Any],
    ):
        """Begin, or go on from the record of a step.

        Args:
            photographs: The training set.
            key: Random key of the run's augmentation.
            limit: Number of steps that may be left out.
            recorded: Record of the step from which the run goes on; {} at the beginning.
        """
        self._photographs, self._key, self._limit = photographs, key, limit
        self.batches: str = recorded.get("batches", BEGINNING)
        self.skipped: int = recorded.get("skipped", 0)

    def add(
        self,
        first: int,
        positions: Int[np.ndarray, "devices steps b"],
        losses: Float[np.ndarray, " steps"],
    ) -> None:
        """Add steps that were trained; `losses` are NaN where `guard.guarded` marked a step.

        Raises ConfigError where more steps are to be left out than may be.
        """
        by_step = np.swapaxes(positions, 0, 1).reshape(len(losses), -1)
        keys = np.asarray(_step_keys(self._key, np.arange(first, first + len(losses))))
        self.batches = extended(self.batches, keys, self._photographs.digests[by_step])
        for index in np.flatnonzero(~np.isfinite(losses)):
            names = identity.shown([self._photographs.names[i] for i in by_step[index]])
            told = (
                f"the loss of step {first + int(index) + 1} is not finite, or its gradient is not "
                f"(photographs: {names})"
            )
            if self.skipped >= self._limit:
                raise guard.refusal(told)
            self.skipped += 1
            logging.warning("Left out, %d of at most %d: %s.", self.skipped, self._limit, told)

    def record(self) -> dict[str, Any]:
        """Return what a step records, for `recorded` of a later start."""
        return {"batches": self.batches, "skipped": self.skipped}


def extended(
    before: str, keys: UInt8[np.ndarray, "steps w"], digests: UInt8[np.ndarray, "steps b 32"]
) -> str:
    """Return the SHA-256 after several steps: at each of that so far, the step's key and its batch.

    Args:
        before: SHA-256 so far.
        keys: Bytes of each step's random key.
        digests: SHA-256 of each photograph in each step's batch.
    """
    for key, batch in zip(keys, digests, strict=True):
        before = hashlib.sha256(before.encode() + key.tobytes() + batch.tobytes()).hexdigest()
    return before


@jax.jit
def _step_keys(key: Key[Array, ""], steps: Int[Array, " steps"]) -> UInt8[Array, "steps w"]:
    """Return the bytes of the keys that `step.train_step` derives for these steps."""
    data = jax.vmap(lambda step: jax.random.key_data(jax.random.fold_in(key, step)))(steps)
    return jax.lax.bitcast_convert_type(data, jnp.uint8).reshape(len(steps), -1)
