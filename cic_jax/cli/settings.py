"""The flags of `cic-jax colorize` that a result's colours depend on, as one text."""

import argparse
from pathlib import Path

from cic_jax.cli import hints


def of(options: argparse.Namespace, photograph: Path) -> str:
    """Return the settings of a photograph as flags; the model's own ones are left out."""
    flags = {
        "checkpoint": options.checkpoint,
        "temperature": options.temperature,
        "vividness": options.tau,
        "saturation": options.saturation,
        "size": options.size,
        "unify": options.unify,
        "palette": options.palette,
    }
    texts = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    texts += [f"--hint={text}" for text in hints.given(options, photograph)]
    return " ".join([*texts, "--compare"] if options.compare else texts)
