"""How training goes: the loss and the speed, to the log and the progress bar."""

import time

import jax
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from cic_jax.train import feed, record

LOG_SECONDS = 5.0  # between two lines of training loss


class Meter:
    """Averages the training loss and measures the speed between two lines of the log."""

    def __init__(self, batch_size: int, fed: feed.Feed, recorder: record.Recorder, start: int):
        self._batch, self._steps_per_epoch = batch_size, fed.steps_per_epoch
        self._recorder = recorder
        silent = None if jax.process_index() == 0 else True  # None: silent where no terminal is
        self._bar = tqdm(total=fed.total_steps, initial=start, unit="step", disable=silent)
        self.restart()

    def restart(self) -> None:
        """Start counting time anew, after work that is not training."""
        self._losses: list[float] = []
        self._since = time.monotonic()

    def add(self, step: int, losses: Float[np.ndarray, " steps"]) -> None:
        """The losses of a dispatch that ended with this step."""
        self._step = step
        self._losses += losses.tolist()
        self._bar.update(len(losses))
        if time.monotonic() - self._since > LOG_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered, if anything."""
        if self._losses:
            seconds = time.monotonic() - self._since
            speed = self._batch * len(self._losses) / seconds
            loss = float(np.mean(self._losses))
            epoch = self._step / self._steps_per_epoch
            self._recorder.scalars(
                self._step, "train", epoch=epoch, loss=loss, images_per_second=speed
            )
            self._bar.set_postfix(loss=f"{loss:.3f}", images_per_second=f"{speed:.0f}")
            self.restart()

    def close(self) -> None:
        """Leave the progress bar as it is."""
        self._bar.close()
