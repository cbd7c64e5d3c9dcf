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
EXTRA = "pip install '.[onnx]'"


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
    parser.add_argument(
        "--web",
        action="store_true",
        help="write a folder of static files, with which a browser colours photographs by itself",
    )
    parser.add_argument(
        "--registry",
        metavar="URL",
        help="npm registry that --web fetches ONNX Runtime Web from, once (default: "
        "npm_config_registry of the environment, else the public one)",
    )
    parser.set_defaults(run=export)


def export(options: argparse.Namespace) -> int:
    """Write the model, and beside model.onnx the script that colours by it; or a web page."""
    if options.web:
        return _export_site(options)
    if options.registry:
        console.fail("--registry: expected it with --web alone")
    named = options.out.suffix[1:] if options.out.suffix[1:] in FORMATS else None
    kind = options.format or named or "onnx"
    if named not in (None, kind):
        console.fail(f"--out: expected a folder or a file *.{kind}, got {options.out}")
    if options.out.suffix and not named:
        known = ", ".join(f"*.{name}" for name in FORMATS)
        console.fail(f"--out: expected a folder or a file {known}; got {options.out}")
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


def _export_site(options: argparse.Namespace) -> int:
    """Write a folder of static files that colours in a browser; it appears whole or not at all."""
    out = options.out
    if options.format or options.form:
        console.fail("--web: expected neither --format nor --form with it")
    if out.exists():
        console.fail(f"{out} exists already; remove it or export elsewhere")
    try:
        from cic_jax.export.onnx_model import ExportError
        from cic_jax.web.site import site
    except ImportError as error:
        console.fail(f"--web needs {error.name}: `{EXTRA}`")
    model = console.load(options.checkpoint, options.factory)
    try:
        files = site(model, Path(options.checkpoint).name, _web_runtime(options.registry))
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent) as parts:
            part = Path(parts) / out.name
            for path, content in files.items():
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).write_bytes(content)
            part.rename(out)
    except ExportError as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"--out: {console.describe(error)}")
    console.say(f"written: {out}, {sum(map(len, files.values())) / 1e6:.0f} MB for any web server")
    return console.DONE


def _web_runtime(registry: str | None) -> dict[str, bytes]:
    """Return the files of ONNX Runtime Web, which are fetched once and kept."""
    from cic_jax.web import runtime

    try:
        files = runtime.kept()
        if files is None:
            address = registry or runtime.registry()
            console.say(f"fetching ONNX Runtime Web {runtime.VERSION} from {address}")
            files = runtime.fetch(address)
    except runtime.FetchError as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"ONNX Runtime Web cannot be kept: {console.describe(error)}")
    return files


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
