"""The console command `cic-jax`.

A subcommand is a function that adds its parser and sets `run`, a function from the parsed
arguments to an exit status; `COMMANDS` lists them. Each imports what it needs when it runs.
"""

import argparse
from pathlib import Path

from cic_jax.cli import console
from cic_jax.cli.colorize import add_colorize
from cic_jax.cli.console import DEFAULT_CHECKPOINT, DONE, INTERRUPTED, SOME_FAILED, UNUSABLE
from cic_jax.cli.serve import add_serve

__all__ = ["DEFAULT_CHECKPOINT", "DONE", "INTERRUPTED", "SOME_FAILED", "UNUSABLE", "main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="cic-jax", description="Colour greyscale photographs.")
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(subcommands)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def add_info(subcommands: argparse._SubParsersAction) -> None:
    """`cic-jax info CHECKPOINT`."""
    parser = subcommands.add_parser("info", help="say what a checkpoint is")
    parser.add_argument("checkpoint", nargs="?", default=DEFAULT_CHECKPOINT)
    parser.set_defaults(run=info)


def info(arguments: argparse.Namespace) -> int:
    """Print the network, its size, what it was trained on and its metrics."""
    from cic_jax import model as models

    model = console.load(arguments.checkpoint)
    about = model.description
    data = about["config"].get("data", {})
    bins = "ab" if model.target.centers is None else f"{len(model.target.centers)} bins of ab"
    rows = {
        "network": f"{about['network']}, width {about['width']:g}",
        "parameters": f"{models.parameter_count(model.variables):,}",
        "predicts": bins,
        "trained on": data.get("source"),
        **{name: f"{value:.4g}" for name, value in about["metrics"].items()},
    }
    for name, value in rows.items():
        print(f"{name:14} {value or 'not recorded'}")
    return DONE


def add_convert(subcommands: argparse._SubParsersAction) -> None:
    """`cic-jax convert WEIGHTS --out=DIR`."""
    parser = subcommands.add_parser(
        "convert",
        help="turn PyTorch weights, CIC's released ones for instance, into a checkpoint",
        description="Turn the weights of CIC's release (colorization_release_v2-9b330a0b.pth), of "
        "the study or of a like network in PyTorch into a checkpoint. CIC's own program colours by "
        "its release as `cic-jax colorize --checkpoint=DIR --mode=mean` does, but for the "
        "upsampling.",
    )
    parser.add_argument(
        "weights", type=Path, help="a .pth or .pt file of PyTorch, or a .safetensors file"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="the checkpoint")
    parser.set_defaults(run=convert)


def convert(arguments: argparse.Namespace) -> int:
    """Write the checkpoint, in float32: nothing is lost."""
    from cic_jax import checkpoint, pretrained

    try:
        model = pretrained.to_model(pretrained.read(arguments.weights))
        checkpoint.export(arguments.out, model, "float32")
    except pretrained.WeightsError as error:
        console.fail(f"{arguments.weights}: {error}")
    except checkpoint.CheckpointError as error:
        console.fail(str(error))
    network = model.description["network"]
    console.say(f"the {network} network is in {arguments.out}; colour by it with --checkpoint")
    return DONE


COMMANDS = (add_colorize, add_serve, add_info, add_convert)
