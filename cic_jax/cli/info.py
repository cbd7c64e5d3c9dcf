"""The subcommand `cic-jax info`, which describes a checkpoint."""

import argparse

from cic_jax.cli import arguments, console
from cic_jax.printable import printable

FLAGS = {"--vividness": "tau", "--unify": "unify"}  # whose default is the model's: key in `colour`


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax info CHECKPOINT`."""
    parser = subcommands.add_parser(
        "info",
        help="describe a checkpoint",
        description="Print a checkpoint's network, its size, its training data and its metrics.",
    )
    arguments.add_checkpoint_argument(parser)
    arguments.add_factory(parser)
    parser.set_defaults(run=info)


def info(options: argparse.Namespace) -> int:
    """Print the network, its size, what it was trained on and its metrics."""
    from cic_jax.model import parameter_count

    model = console.load(options.checkpoint, options.factory)
    about = model.description
    data = about["config"].get("data", {})
    source = data.get("source")
    if synsets := data.get("synsets"):
        source = f"{source}, {len(synsets)} classes of ImageNet"
    own = about["config"].get("colour", {})
    bins = "ab" if model.target.centers is None else f"{len(model.target.centers)} bins of ab"
    built = about.get("factories", {})
    network = about["network"]
    if "network" not in built:
        network = f"{network}, width {about['width']:g}"
    if "target" in built:
        bins = f"{bins}, by {built['target']}"
    rows = {
        "network": network,
        "parameters": f"{parameter_count(model.variables):,}",
        "predicts": bins,
        "trained on": source,
        **{flag: f"{own[key]:g}, unless said" for flag, key in FLAGS.items() if key in own},
        **{name: f"{value:.4g}" for name, value in about["metrics"].items()},
    }
    width = max(14, *map(len, rows))
    for name, value in rows.items():
        print(printable(f"{name:{width}} {value or 'not recorded'}"))
    return console.DONE
