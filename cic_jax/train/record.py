"""What a run writes down as it goes: a JSONL log that the figures read, and TensorBoard files."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import UInt8
from tensorboardX import SummaryWriter

LOG = "log.jsonl"


class Recorder:
    """Writes scalars to log.jsonl and, with pictures, to TensorBoard. Use as a context manager.

    Each line holds "step", "split" and the figures. A run that resumes at an earlier step than it
    had logged drops the lines after it. Of several hosts only the first writes.
    """

    def __init__(self, workdir: str | Path, start: int):
        self._writes = jax.process_index() == 0
        if not self._writes:
            return
        workdir = Path(workdir)
        kept = [json.dumps(line) + "\n" for line in read(workdir) if line["step"] <= start]
        rewritten = workdir / f"{LOG}.new"
        rewritten.write_text("".join(kept), encoding="utf-8")
        rewritten.replace(workdir / LOG)
        self._lines = (workdir / LOG).open("a", encoding="utf-8")
        self._board = SummaryWriter(str(workdir / "tensorboard"), purge_step=start + 1)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_) -> None:
        if self._writes:
            self._lines.close()
            self._board.close()

    def scalars(self, step: int, split: str, **figures: float) -> None:
        """One line of figures at a step."""
        if self._writes:
            self._lines.write(json.dumps({"step": step, "split": split, **figures}) + "\n")
            self._lines.flush()
            for name, value in figures.items():
                self._board.add_scalar(f"{split}/{name}", value, step)

    def picture(self, step: int, name: str, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """A picture for TensorBoard."""
        if self._writes:
            self._board.add_image(name, rgb, step, dataformats="HWC")


def read(workdir: str | Path) -> list[dict[str, Any]]:
    """The lines of a run's log, in order; none where there is no log."""
    path = Path(workdir) / LOG
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
