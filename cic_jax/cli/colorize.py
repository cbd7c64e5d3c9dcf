"""`cic-jax colorize`: photographs, folders of them or a stream, in colour."""

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.cli import console

if TYPE_CHECKING:
    import numpy as np

    from cic_jax.colorize import Colorizer
    from cic_jax.images.file import Photo

MODES = {"mean": 1.0, "mode": 0.0}  # temperatures
# Peak resident memory, measured on a CPU with some room: bytes, and bytes a pixel. Most of the
# former is the network, whose kernels take four times their size where they are transformed.
MEMORY, MEMORY_COLOUR, MEMORY_GREY = 1_400_000_000, 20, 10
EXAMPLES = f"""\
examples:
  cic-jax colorize grandmother.jpg --out=coloured
  cic-jax colorize albums --out=coloured           every photograph below albums/, tree kept
  cic-jax colorize "scans/*.tif" --out=coloured --temperature=0.2 --saturation=1.2
  cic-jax colorize albums --out=beside --compare   before and after in one picture
  cic-jax colorize car.jpg --out=cars --candidates=4   cars/car-1.jpg to cars/car-4.jpg
  cic-jax colorize - < grey.jpg > colour.jpg       from standard input to standard output

By the released model a photograph of up to 100 megapixels takes {MEMORY / 1e9:g} GB of memory and
{MEMORY_GREY} bytes a pixel where it is grey, {MEMORY_COLOUR} where it is not; --compare takes more.

The format, size, transparency and EXIF of a photograph are kept; a GIF becomes a PNG. What is in
the output folder already is left as it is. The exit status is 0 if all went well, 1 if some
photographs failed, 2 if nothing could be done.
"""


def add_colorize(subcommands: argparse._SubParsersAction) -> None:
    """`cic-jax colorize PHOTO... --out=DIR`."""
    parser = subcommands.add_parser(
        "colorize",
        help="colour photographs, folders of them, or standard input",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos", nargs="+", metavar="PHOTO_OR_FOLDER", help="file, folder, pattern, or - alone"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--checkpoint",
        default=console.DEFAULT_CHECKPOINT,
        help="training run, exported model or released name (default: %(default)s)",
    )
    read_out = parser.add_mutually_exclusive_group()
    read_out.add_argument(
        "--temperature",
        type=_number(float, 0, 1),
        default=0.38,
        help="how the predicted distribution is read out: 0 is vivid, 1 cautious (default: 0.38)",
    )
    read_out.add_argument(
        "--mode",
        dest="temperature",
        type=_mode,
        default=argparse.SUPPRESS,
        metavar="{mean,mode}",
        help="the distribution's mean (as --temperature=1) or its mode (--temperature=0)",
    )
    parser.add_argument(
        "--saturation",
        type=_number(float, 0, 10),
        default=1.0,
        help="multiplies the colour (default: 1)",
    )
    parser.add_argument(
        "--size",
        type=_number(int, 8, 4096),
        default=256,
        help="short side at which the network looks, in pixels (default: %(default)s)",
    )
    parser.add_argument(
        "--candidates",
        type=_number(int, 1, 100),
        default=1,
        metavar="N",
        help="write N colourings, PHOTO-1 to PHOTO-N, that differ where the network is in doubt",
    )
    parser.add_argument(
        "--compare", action="store_true", help="put the photograph to the left of its colouring"
    )
    parser.add_argument("--overwrite", action="store_true", help="colour again what is there")
    parser.set_defaults(run=colorize)


def colorize(arguments: argparse.Namespace) -> int:
    """Colour everything named; a photograph that fails costs one line and no other photograph."""
    if arguments.photos == ["-"] and arguments.out is None:
        if arguments.candidates > 1:
            console.fail(
                "expected photographs and --out=DIR for --candidates, or one picture from -"
            )
        return _colorize_stream(arguments)
    if "-" in arguments.photos or arguments.out is None:
        console.fail("expected photographs and --out=DIR, or - alone")

    from cic_jax.cli import plan as image_plan

    plan = image_plan.plan(
        arguments.photos, arguments.out, arguments.overwrite, arguments.candidates
    )
    for error in plan.errors:
        console.say(error)
    done = _colorize_files(plan.jobs, arguments) if plan.jobs else 0
    failed = len(plan.errors) + len(plan.jobs) - done
    counts = [f"{done} coloured into {arguments.out}"]
    if plan.done:
        counts.append(f"{plan.done} done already (--overwrite colours them again)")
    if failed:
        counts.append(f"{failed} failed")
    console.say(", ".join(counts))
    if done + plan.done == 0:
        return console.UNUSABLE
    return console.SOME_FAILED if failed else console.DONE


def _colorize_files(jobs: list[tuple[Path, list[Path]]], arguments: argparse.Namespace) -> int:
    """How many went well."""
    from tqdm import tqdm

    from cic_jax.images import file as image_file

    colorizer = console.restore(arguments, len(jobs))
    if arguments.candidates > 1 and colorizer.model.target.centers is None:
        console.fail(
            f"{arguments.checkpoint} predicts one colour a pixel, so it has no --candidates"
        )
    done = 0
    # disable=None: no bar where standard error is no terminal.
    for source, targets in tqdm(jobs, unit="photo", file=sys.stderr, disable=None):
        try:
            photo = image_file.read(source)
            if photo.frames > 1:
                console.say(f"{source}: the first of the {photo.frames} pictures in it is coloured")
            targets[0].parent.mkdir(parents=True, exist_ok=True)
            for target, picture in zip(targets, _colour(colorizer, photo, arguments), strict=True):
                image_file.write(target, *picture)
            done += 1
        except (image_file.PhotoError, OSError) as error:
            console.say(str(error))
    return done


def _colorize_stream(arguments: argparse.Namespace) -> int:
    from cic_jax.images import file as image_file

    try:
        photo = image_file.read(io.BytesIO(sys.stdin.buffer.read()))
    except image_file.PhotoError as error:
        console.fail(str(error))
    encoded = io.BytesIO()
    (picture,) = _colour(console.restore(arguments), photo, arguments)
    image_file.encode(encoded, *picture)
    sys.stdout.buffer.write(encoded.getvalue())
    return console.DONE


def _colour(
    colorizer: "Colorizer", photo: "Photo", arguments: argparse.Namespace
) -> Iterator[tuple["np.ndarray", "Photo"]]:
    """The pictures to write, each with the photograph that its file should be like."""
    predictions = [colorizer.predict(photo.rgb)]
    if arguments.candidates > 1:
        predictions = colorizer.alternatives(predictions[0], arguments.candidates)
    for prediction in predictions:
        rgb = colorizer.render(prediction, arguments.temperature, arguments.saturation)
        yield _beside(photo, rgb) if arguments.compare else (rgb, photo)


def _beside(photo: "Photo", rgb: "np.ndarray") -> tuple["np.ndarray", "Photo"]:
    import numpy as np

    before = np.broadcast_to(photo.rgb.reshape(*rgb.shape[:2], -1), rgb.shape)
    alpha = None if photo.alpha is None else np.tile(photo.alpha, (1, 2))
    return np.concatenate([before, rgb], axis=1), replace(photo, alpha=alpha)


def _number(kind: type, low: int, high: int) -> Callable[[str], int | float]:
    def parse(text: str) -> int | float:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {low} to {high}, got {text}")
        return value

    parse.__name__ = kind.__name__  # argparse names it where `kind` refuses the text
    return parse


def _mode(text: str) -> float:
    try:
        return MODES[text]
    except KeyError:
        raise argparse.ArgumentTypeError(f"expected mean or mode, got {text}") from None
