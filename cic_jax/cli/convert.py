"""The subcommand `cic-jax convert`, from PyTorch weights to a checkpoint."""

import argparse
import signal

from cic_jax.cli import arguments, console


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax convert WEIGHTS --out=DIR`."""
    parser = subcommands.add_parser(
        "convert",
        help="turn PyTorch weights, for instance those that CIC released, into a checkpoint",
        description="Turn PyTorch weights into a checkpoint: those that CIC released "
        "(colorization_release_v2-9b330a0b.pth), the study's, or those of a similar network. "
        "`cic-jax colorize --checkpoint=DIR --mode=mean` then colours as CIC's own program does "
        "with its release, except for the upsampling.",
    )
    parser.add_argument(
        "weights",
        type=arguments.path,
        help="a .pth or .pt file of PyTorch, or a .safetensors file",
    )
    parser.add_argument(
        "--out", type=arguments.path, metavar="DIR", required=True, help="folder of the checkpoint"
    )
    parser.set_defaults(run=convert)


def convert(options: argparse.Namespace) -> int:
    """Write the checkpoint in float32, so that nothing is lost."""
    from cic_jax import checkpoint, pretrained

    try:
        model = pretrained.to_model(pretrained.read(options.weights))
        # Ctrl-C and its like are exceptions here, so that no half of a checkpoint is left.
        with console.interrupts_handled_by(signal.default_int_handler, console.ENDING):
            checkpoint.export(options.out, model, "float32")
    except pretrained.WeightsError as error:
        console.fail(f"{options.weights}: {error}")
    except checkpoint.CheckpointError as error:
        console.fail(f"--out: {error}")
    network = model.description["network"]
    console.say(f"the {network} network is in {options.out}; colour by it with --checkpoint")
    return console.DONE
