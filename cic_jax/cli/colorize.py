"""The subcommand `cic-jax colorize`, for photographs, folders of photographs or a stream."""

import argparse
import io
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.cli import arguments, console, hints
from cic_jax.cli.sources import RECORD

if TYPE_CHECKING:
    import numpy as np

    from cic_jax.cli.plan import Job
    from cic_jax.cli.sources import Sources
    from cic_jax.colorize import Colorizer
    from cic_jax.images import Photo

MODES = {"mean": 1.0, "mode": 0.0}  # name -> temperature
# Peak resident memory, measured on a CPU, with some room: bytes, and bytes per pixel. Most of the
# former is the network, whose transformed kernels take four times their size.
MEMORY, MEMORY_COLOUR, MEMORY_GREY = 1_400_000_000, 20, 10
EXAMPLES = f"""\
examples:
  cic-jax colorize grandmother.jpg --out=coloured
  cic-jax colorize albums --out=coloured           every photograph below albums/, tree kept
  cic-jax colorize "scans/*.tif" --out=coloured --temperature=0.2 --saturation=1.2
  cic-jax colorize albums --out=beside --compare   before and after in one picture
  cic-jax colorize car.jpg --out=cars --candidates=4   cars/car-1.jpg to cars/car-4.jpg
  cic-jax colorize car.jpg --out=cars --hint=340,210,darkred --hint=50%,5%,skyblue
  cic-jax colorize - < grey.jpg > colour.jpg       from standard input to standard output

With the released model a photograph of up to 100 megapixels needs {MEMORY / 1e9:g} GB of memory,
and {MEMORY_GREY} bytes per pixel if it is grey, {MEMORY_COLOUR} if it is not; --compare needs more.

A photograph keeps its format, size, transparency and EXIF; a GIF becomes a PNG. The same command
again colours only what is not done yet: a hidden file in the output folder, {RECORD},
records the photograph of each result. Photographs that share a name get numbers, and no other
file is replaced. The exit status is 0 if all went well, 1 if some photographs failed, 2 if
nothing could be done.
"""


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax colorize PHOTO... --out=DIR`."""
    parser = subcommands.add_parser(
        "colorize",
        help="colour photographs, folders of photographs, or standard input",
        description="Colour photographs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos",
        nargs="+",
        type=arguments.name,
        metavar="PHOTO_OR_FOLDER",
        help="file, folder or pattern; or only - for standard input",
    )
    parser.add_argument("--out", type=arguments.path, metavar="DIR", help="folder for the results")
    arguments.add_checkpoint(parser)
    read_out = parser.add_mutually_exclusive_group()
    read_out.add_argument(
        "--temperature",
        type=arguments.number(float, 0, 1),
        default=0.38,
        help="read-out of the predicted distribution: 0 is vivid, 1 cautious (default: 0.38)",
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
        "--vividness",
        dest="tau",
        type=arguments.number(float, 0, 1),
        metavar="TAU",
        help="strength with which rare, colourful bins are favoured, from 0 to 1 (default: the "
        "model's own)",
    )
    parser.add_argument(
        "--saturation",
        type=arguments.number(float, 0, 10),
        default=1.0,
        help="factor by which the colour is multiplied (default: 1)",
    )
    parser.add_argument(
        "--size",
        type=arguments.number(int, 8, 4096),
        default=console.WORKING_SIZE,
        help="short side in pixels at which the network sees a photograph (default: %(default)s)",
    )
    parser.add_argument(
        "--candidates",
        type=arguments.number(int, 1, 100),
        default=1,
        metavar="N",
        help="write N colourings, PHOTO-1 to PHOTO-N, that differ where the network is in doubt",
    )
    hints.add(parser)
    parser.add_argument(
        "--unify",
        type=arguments.number(float, 0, 1),
        metavar="STRENGTH",
        help="how much each thing gets one colour, from 0 to 1 (default: the checkpoint's own)",
    )
    parser.add_argument(
        "--compare", action="store_true", help="put the photograph to the left of its colouring"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="colour again the photographs done already"
    )
    parser.set_defaults(run=colorize)


def colorize(options: argparse.Namespace) -> int:
    """Colour every photograph named; a failure is reported in one line, and the others go on."""
    hints.check(options)
    if options.photos == ["-"] and options.out is None:
        if options.candidates > 1:
            console.fail("--candidates: expected photographs and --out=DIR, not -")
        return _colorize_stream(options)
    if "-" in options.photos or options.out is None:
        console.fail("expected photographs and --out=DIR, or only -")

    from cic_jax.cli.plan import plan_results

    try:
        plan = plan_results(options.photos, options.out, options.overwrite, options.candidates)
    except OSError as error:
        console.fail(f"--out: {console.describe(error)}")
    for line in plan.errors:
        console.say(line)
    done = _colorize_files(plan.jobs, plan.sources, options) if plan.jobs else 0
    failed = len(plan.errors) + len(plan.jobs) - done
    counts = [f"{done} coloured into {options.out}"]
    if plan.done:
        counts.append(f"{plan.done} done already (--overwrite colours them again)")
    if failed:
        counts.append(f"{failed} failed")
    console.say(", ".join(counts))
    if done + plan.done == 0:
        return console.UNUSABLE
    return console.SOME_FAILED if failed else console.DONE


def _colorize_files(jobs: list["Job"], sources: "Sources", options: argparse.Namespace) -> int:
    """Colour the photographs and return how many succeeded."""
    from tqdm import tqdm

    from cic_jax import images

    _make_folder(options.out)
    colorizer = console.restore(options.checkpoint, options.size, len(jobs), options.factory)
    hints.require_taken(options, colorizer)
    if options.candidates > 1 and colorizer.model.target.centers is None:
        console.fail(f"{options.checkpoint} predicts one colour a pixel, so it has no --candidates")
    done = 0
    # From here on Ctrl-C and its like are exceptions, so that no half of a file is left.
    with console.interrupts_handled_by(signal.default_int_handler, console.ENDING):
        # disable=None: no bar if standard error is not a terminal.
        for job in tqdm(jobs, unit="photo", file=sys.stderr, disable=None):
            try:
                _colorize_file(job, colorizer, sources, options)
                done += 1
            except (images.PhotoError, OSError) as error:
                # A full disk is noticed where a file is closed, and names none.
                nameless = isinstance(error, OSError) and error.filename is None
                told = console.describe(error)
                console.say(f"{job.photograph}: {told}" if nameless else told)
    return done


def _colorize_file(
    job: "Job", colorizer: "Colorizer", sources: "Sources", options: argparse.Namespace
) -> None:
    """Colour a photograph and write its results. Raises PhotoError or OSError."""
    from cic_jax import images

    photo = images.read(job.photograph)
    if photo.frames > 1:
        console.say(f"{job.photograph}: the first of the {photo.frames} pictures in it is coloured")
    job.results[0].parent.mkdir(parents=True, exist_ok=True)
    sources.add(job.results, job.photograph)
    pictures = _colour(colorizer, photo, options, job.photograph)
    for result, picture in zip(job.results, pictures, strict=True):
        images.write(result, *picture)


def _make_folder(out: Path) -> None:
    """Make the output folder before the weights are loaded, or fail with one line."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        console.fail(f"--out: expected a folder: {console.describe(error)}")


def _colorize_stream(options: argparse.Namespace) -> int:
    """Colour the photograph on standard input and write it to standard output."""
    from cic_jax import images

    try:
        # One byte too many is enough for it to be refused: what comes may have no end.
        photo = images.read(io.BytesIO(sys.stdin.buffer.read(images.MAX_BYTES + 1)))
    except images.PhotoError as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"standard input cannot be read: {console.describe(error)}")
    colorizer = console.restore(options.checkpoint, options.size, factories=options.factory)
    hints.require_taken(options, colorizer)
    (picture,) = _colour(colorizer, photo, options, Path("-"))
    encoded = io.BytesIO()
    try:
        images.encode(encoded, *picture)
        # Opened anew: what cannot be written must not be tried again when Python ends.
        with open(sys.stdout.fileno(), "wb", closefd=False) as output:
            output.write(encoded.getvalue())
    except (images.PhotoError, OSError) as error:
        console.fail(f"the result cannot be written: {console.describe(error)}")
    return console.DONE


def _colour(
    colorizer: "Colorizer", photo: "Photo", options: argparse.Namespace, path: Path
) -> Iterator[tuple["np.ndarray", "Photo"]]:
    """Yield the pictures to write, each with the Photo whose format and metadata its file keeps.

    Raises PhotoError for hints that do not fit the photograph at `path`.
    """
    given = hints.of(options, path, photo.rgb.shape[1], photo.rgb.shape[0])
    palette = hints.palette(options)
    prediction = colorizer.predict(photo.rgb, given, palette, options.unify)
    predictions = [prediction]
    if options.candidates > 1:
        predictions = colorizer.alternatives(prediction, options.candidates)
    for prediction in predictions:
        rgb = colorizer.render(prediction, options.temperature, options.saturation, options.tau)
        yield _compared(photo, rgb) if options.compare else (rgb, photo)


def _compared(photo: "Photo", rgb: "np.ndarray") -> tuple["np.ndarray", "Photo"]:
    """Put a photograph to the left of its colouring, transparency included."""
    import numpy as np

    before = np.broadcast_to(photo.rgb.reshape(*rgb.shape[:2], -1), rgb.shape)
    alpha = None if photo.alpha is None else np.tile(photo.alpha, (1, 2))
    return np.concatenate([before, rgb], axis=1), replace(photo, alpha=alpha)


def _mode(text: str) -> float:
    """Parse the name of a read-out as its temperature."""
    try:
        return MODES[text]
    except KeyError:
        raise argparse.ArgumentTypeError(f"expected mean or mode, got {text}") from None
