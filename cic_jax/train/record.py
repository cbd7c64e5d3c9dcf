"""Progress of a run: log.jsonl, TensorBoard files and the progress bar."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import logging
from jaxtyping import Float, UInt8
from tqdm import tqdm

from cic_jax.metrics import LIKENESS
from cic_jax.train.board import Board
from cic_jax.train.feed import Feed

LOG = "log.jsonl"
PHOTOGRAPHS = "photographs.txt"  # in a run's directory: SHA-256, split and name of each
MACHINE = "machine.json"  # in a run's directory: the machine that it last trained on
LOG_SECONDS = 5.0  # between two lines of training loss
TOLD_SECONDS = 30.0  # between two lines of progress where there is no terminal


class Recorder:
    """Log of a run: scalars in log.jsonl, scalars and pictures for TensorBoard; a context manager.

    Each line holds "step", "split" and scalars; lines of the split "saved" tell of the steps saved,
    those of "resumed" of what had changed. Resuming drops the lines after the step that the
    run resumes from. Only the first of several hosts writes. The log is this module's own because
    clu's writers need TensorFlow, and because figures read the lines back.
    """

    def __init__(self, workdir: str | Path, start: int):
        self._writes = jax.process_index() == 0
        if not self._writes:
            return
        workdir = Path(workdir)
        lines = [json.dumps(line) + "\n" for line in read(workdir) if line["step"] <= start]
        rewritten = workdir / f"{LOG}.new"
        rewritten.write_text("".join(lines), encoding="utf-8")
        rewritten.replace(workdir / LOG)
        self._lines = (workdir / LOG).open("a", encoding="utf-8")
        self._board = Board(workdir / "tensorboard", start)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_) -> None:
        if self._writes:
            self._lines.close()
            self._board.close()

    def scalars(self, step: int, split: str, **values: float) -> None:
        """Log the values of a step, by name."""
        self.note(step, split, **values)
        if self._writes:
            for name, value in values.items():
                self._board.scalar(step, f"{split}/{name}", value)

    def note(self, step: int, split: str, **values: Any) -> None:
        """Write a line to log.jsonl alone."""
        if self._writes:
            self._lines.write(json.dumps({"step": step, "split": split, **values}) + "\n")
            self._lines.flush()

    def settings(self, values: Mapping[str, Any], metrics: Collection[str]) -> None:
        """Write the values of the config, by key, for TensorBoard's page of hyper-parameters.

        `metrics` are names of validation metrics, by which that page compares runs.
        """
        if self._writes:
            self._board.settings(values, [f"validation/{name}" for name in metrics])

    def picture(self, step: int, name: str, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """Write a picture for TensorBoard."""
        if self._writes:
            self._board.picture(step, name, rgb)


def read(workdir: str | Path) -> list[dict[str, Any]]:
    """Read the lines of a run's log, in order; none where there is no log.

    A last line without its end, as a crash leaves it, is not counted. Raises ValueError for another
    line that is none of a log.
    """
    path = Path(workdir) / LOG
    if not path.exists():
        return []
    *whole, _ = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [_parsed(path, number, line) for number, line in enumerate(whole, 1)]


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ValueError(
            f"{path}, line {number}: is no JSON ({error}); remove that line"
        ) from error
    if not (
        isinstance(entry, dict)
        and type(entry.get("step")) is int
        and isinstance(entry.get("split"), str)
    ):
        raise ValueError(f'{path}, line {number}: has no "step" and "split"; remove that line')
    return entry


class Meter:
    """Mean training loss and speed between two lines of the log, and the progress on the console.

    That is a bar on a terminal, and else a line every half a minute, for a file that keeps it.
    """

    def __init__(
        self,
        batch_size: int,
        feed: Feed,
        recorder: Recorder,
        start: int,
        learning_rate: Callable[[int], Any],
    ):
        """Begin at the step `start`; `learning_rate` is that of a step, counted from 0."""
        self._batch, self._feed, self._rate = batch_size, feed, learning_rate
        self._recorder = recorder
        first = jax.process_index() == 0
        silent = None if first else True  # None: silent where no terminal is
        self._bar = tqdm(total=feed.total_steps, initial=start, unit="step", disable=silent)
        self._tells = first and self._bar.disable
        self._told = -TOLD_SECONDS
        self._compiled = False  # what the first steps take includes compilation
        self.restart()

    def restart(self) -> None:
        """Start measuring time anew, after work that is not training."""
        self._losses: list[float] = []
        self._norms: list[float] = []
        self._since = time.monotonic()

    def add(
        self, step: int, losses: Float[np.ndarray, " steps"], norms: Float[np.ndarray, " steps"]
    ) -> None:
        """Add losses, and norms of gradients, of a dispatch that ended with this step.

        Steps left out have NaN.
        """
        self._step = step
        kept = np.isfinite(losses)
        self._losses += losses[kept].tolist()
        self._norms += norms[kept].tolist()
        self._bar.update(len(losses))
        if time.monotonic() - self._since > LOG_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Log the losses added since the last line, if any."""
        if not self._losses:
            return
        seconds = time.monotonic() - self._since
        speed = self._batch * len(self._losses) / seconds
        loss = float(np.mean(self._losses))
        values = {
            "epoch": self._step / self._feed.steps_per_epoch,
            "loss": loss,
            "images_per_second": speed,
            "learning_rate": float(self._rate(self._step - 1)),
            "gradient_norm": float(np.mean(self._norms)),
        }
        self._recorder.scalars(self._step, "train", **values)
        self._bar.set_postfix(loss=f"{loss:.3f}", images_per_second=f"{speed:.0f}")
        left = (self._feed.total_steps - self._step) * seconds / len(self._losses)
        if self._compiled:
            self._tell(
                f"epoch {values['epoch']:.3g}, loss {loss:.3f}, "
                f"rate {values['learning_rate']:.2g}, {speed:.3g} photographs/s, "
                f"{tqdm.format_interval(left)} left"
            )
        self._compiled = True
        self.restart()

    def validated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Tell the metrics of a validation, where there is no terminal."""
        told = ", ".join(f"{name} {metrics[name]:.4g}" for name in ("loss", *LIKENESS))
        self._step, self._told = step, -TOLD_SECONDS
        self._tell(f"validation: {told}")

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if self._tells and now - self._told >= TOLD_SECONDS:
            self._told = now
            logging.info("Step %d of %d: %s", self._step, self._feed.total_steps, what)

    def close(self) -> None:
        """Close the progress bar and leave it on the screen."""
        self._bar.close()


def joined(
    epoch: Float[np.ndarray, " n"], loss: Float[np.ndarray, " n"]
) -> tuple[list[float], list[float]]:
    """Join lines of few steps with the line before, as an evaluation leaves them: they are noise.

    Each loss is the mean since the line before.
    """
    spans = np.diff(epoch, prepend=0.0)
    rows: list[tuple[float, float, float]] = []  # end, span, sum of the loss over it
    for end, span, mean in zip(epoch, spans, loss, strict=True):
        joined = bool(rows) and span < spans.max() / 2
        _, before, total = rows.pop() if joined else (0.0, 0.0, 0.0)
        rows.append((end, before + span, total + span * mean))
    return [end for end, _, _ in rows], [total / span for _, span, total in rows]
