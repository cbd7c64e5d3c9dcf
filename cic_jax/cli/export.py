"""The subcommand `cic-jax export`, from a checkpoint to a model that other programs run."""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.cli import arguments, console

if TYPE_CHECKING:
    from cic_jax.model import Model

FORMATS = ("onnx", "stablehlo", "safetensors")
FORMS = ("ab", "logits")
SCRIPT = "colorize.py"  # beside model.onnx
EXTRA = "pip install -e '.[onnx]'"


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax export CHECKPOINT --out=FOLDER`."""
    parser = subcommands.add_parser(
        "export",
        help="write a checkpoint as ONNX, StableHLO or safetensors",
        description="Write a model for other programs: by default a folder with model.onnx, which "
        "takes photographs of any size, and colorize.py, which colours by it without JAX. "
        "docs/export.md has the inputs and outputs.",
    )
    arguments.add_checkpoint_argument(parser)
    arguments.add_factory(parser)
    parser.add_argument(
        "--out",
        type=arguments.path,
        required=True,
        metavar="FOLDER|FILE",
        help="folder of the result; or the file alone, named *.onnx, *.stablehlo or *.safetensors",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="onnx; stablehlo, a program of jax.export; or safetensors, the parameters (default: "
        "as --out is named, else onnx)",
    )
    parser.add_argument(
        "--form",
        choices=FORMS,
        help="what the ONNX graph computes: ab, with the read-out inside, or the logits alone "
        "(default: ab)",
    )
    parser.set_defaults(run=export)


def export(options: argparse.Namespace) -> int:
    """Write the model, and beside model.onnx the script that colours by it."""
    named = options.out.suffix[1:] if options.out.suffix[1:] in FORMATS else None
    kind = options.format or named or "onnx"
    if named not in (None, kind):
        console.fail(f"--out: expected a folder or a file *.{kind}, got {options.out}")
    if options.form and kind != "onnx":
        console.fail(f"--form: expected it with the format onnx alone, got {kind}")
    form = options.form or "ab"
    file = options.out if named else options.out / f"model.{kind}"
    files = [file]
    if kind == "onnx" and form == "ab" and not named:
        files.append(options.out / SCRIPT)
    for path in files:
        if path.exists():
            console.fail(f"{path} exists already; remove it or export elsewhere")
    model = console.load(options.checkpoint, options.factory)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # A file appears whole or not at all, on a full disk too.
        with tempfile.TemporaryDirectory(prefix=".export-", dir=file.parent) as parts:
            part = Path(parts) / file.name
            part.write_bytes(_exported(model, kind, form))
            part.replace(file)
        if len(files) > 1:
            from cic_jax.export import standalone_path

            shutil.copyfile(standalone_path(), files[1])
    except ImportError as error:
        console.fail(f"--format={kind} needs {error.name}: `{EXTRA}`")
    except OSError as error:
        console.fail(f"--out: {console.describe(error)}")
    console.say(f"written: {', '.join(map(str, files))}")
    return console.DONE


def _exported(model: "Model", kind: str, form: str) -> bytes:
    """Return the file's contents; raise ImportError where a package is missing."""
    if kind == "safetensors":
        from cic_jax.export.tensors import tensors

        return tensors(model)
    if kind == "stablehlo":
        from cic_jax.export.stablehlo import stablehlo

        return stablehlo(model)
    from cic_jax.export.onnx_model import ExportError, onnx_model

    try:
        return onnx_model(model, form).SerializeToString()
    except ExportError as error:
        console.fail(str(error))
