"""TensorBoard's file of a run, written by the caller itself.

tensorboardX would write it in a thread: on a full disk that thread ends with a traceback, and the
next that waits for it stands still for ever.
"""

import contextlib
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8


class Board:
    """A file of scalars and pictures. Each call raises OSError where the file cannot be written."""

    def __init__(self, folder: Path, start: int):
        """Begin a file in `folder`, which replaces what earlier ones say of steps after `start`."""
        with _without_pytorch():
            from tensorboardX import event_file_writer, summary
            from tensorboardX.proto import event_pb2

        self._summary, self._event = summary, event_pb2.Event
        folder.mkdir(parents=True, exist_ok=True)
        self._file = event_file_writer.EventsWriter(str(folder / "events"))
        log = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._write(start + 1, session_log=log)

    def scalar(self, step: int, name: str, value: float) -> None:
        """Write a value."""
        self._write(step, summary=self._summary.scalar(name, value))

    def settings(self, values: Mapping[str, Any], metrics: Collection[str]) -> None:
        """Write hyper-parameters by name, and the names of scalars that tell runs apart."""
        plain = {k: v if isinstance(v, bool | int | float) else str(v) for k, v in values.items()}
        experiment, session, _ = self._summary.hparams(plain, dict.fromkeys(metrics))
        self._write(0, summary=experiment)
        self._write(0, summary=session)

    def picture(self, step: int, name: str, rgb: UInt8[np.ndarray, "h w 3"]) -> None:
        """Write a picture, and all before it to the disk."""
        self._write(step, summary=self._summary.image(name, rgb, dataformats="HWC"))
        self._file.flush()

    def close(self) -> None:
        """Write the rest to the disk."""
        self._file.close()

    def _write(self, step: int, **content: Any) -> None:
        self._file.write_event(self._event(step=step, wall_time=time.time(), **content))


@contextlib.contextmanager
def _without_pytorch() -> Iterator[None]:
    """Keep imports from loading PyTorch, unless it is loaded already.

    tensorboardX imports it where it is installed, which takes seconds, and does without it
    elsewhere.
    """
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # `import torch` raises ImportError
    try:
        yield
    finally:
        del sys.modules["torch"]
