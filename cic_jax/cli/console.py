"""What the subcommands of `cic-jax` share: exit statuses, messages, and the model that is named."""

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from cic_jax.colorize import Colorizer
    from cic_jax.model import Model

DEFAULT_CHECKPOINT = "simplified_final"
COMPILED = "~/.cache/cic_jax/compiled"  # programs of earlier calls: the next starts sooner
DONE, SOME_FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

HOW_TO_TRAIN = (
    "Train one with `python experiments/train.py --config=configs/simplified.py "
    "--workdir=runs/simplified` and name it by --checkpoint=runs/simplified"
)


def restore(arguments: argparse.Namespace, photographs: int = 1) -> "Colorizer":
    """By `checkpoint` and `size` of the arguments, for so many photographs.

    Programs compiled are kept for later calls.
    """
    from cic_jax import machine
    from cic_jax.colorize import Colorizer

    machine.keep_compiled(COMPILED)
    return Colorizer(load(arguments.checkpoint), arguments.size, photographs)


def load(name: str) -> "Model":
    """The model in a checkpoint, or the end, with a line that says how to get one."""
    from cic_jax import checkpoint

    try:
        return checkpoint.load(name)
    except checkpoint.NoCheckpointError as error:
        fail(f"{error}. {HOW_TO_TRAIN}")
    except checkpoint.CheckpointError as error:
        fail(str(error))


def say(message: str) -> None:
    """One line on standard error, above the progress bar where there is one."""
    from tqdm import tqdm

    tqdm.write(message, file=sys.stderr)


def fail(message: str) -> NoReturn:
    """The end: nothing can be done."""
    print(f"cic-jax: {message}", file=sys.stderr)
    raise SystemExit(UNUSABLE)
