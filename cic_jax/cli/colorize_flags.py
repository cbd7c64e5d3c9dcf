"""The flags of `cic-jax colorize`."""

import argparse

from cic_jax.cli import archive, arguments, console, hints
from cic_jax.cli.sources import RECORD

MODES = {"mean": 1.0, "mode": 0.0}  # name -> temperature
# Peak resident memory, measured on a CPU, with some room: bytes, and bytes per pixel. Most of the
# former is the network, whose transformed kernels take four times their size.
MEMORY, MEMORY_COLOUR, MEMORY_GREY = 1_400_000_000, 20, 10
EXAMPLES = f"""\
examples:
  cic-jax colorize grandmother.jpg -o grandmother.png
  cic-jax colorize grandmother.jpg --out=coloured
  cic-jax colorize a.jpg b.jpg coloured/
  cic-jax colorize albums --out=coloured           every photograph below albums/, tree kept
  cic-jax colorize "scans/*.tif" --out=coloured --temperature=0.2 --saturation=1.2
  cic-jax colorize albums --out=beside --compare   before and after in one picture
  cic-jax colorize car.jpg --out=cars --candidates=4   cars/car-1.jpg to cars/car-4.jpg
  cic-jax colorize car.jpg --out=cars --hint=340,210,darkred --hint=50%,5%,skyblue
  cic-jax colorize film.mp4 -o coloured.mp4        a film, steadily (needs the extra `video`)
  cic-jax colorize - < grey.jpg > colour.jpg       from standard input to standard output

With the released model a photograph of up to 100 megapixels needs {MEMORY / 1e9:g} GB of memory,
and {MEMORY_GREY} bytes per pixel if it is grey, {MEMORY_COLOUR} if it is not; --compare needs more.

A photograph keeps its format, size, transparency and EXIF; a GIF becomes a PNG. The same command
again colours only what is not done yet: a hidden file in the output folder, {RECORD},
records the photograph of each result. Photographs that share a name get numbers, and no other
file is replaced.

A film (.mp4 .m4v .mov .mkv .webm; .avi and others become .mkv) is coloured where it is named itself
or by a pattern; films in a folder that is named are left out. Ctrl-C leaves what is done as a film
to play, FILM.unfinished.mp4, and the same command goes on. Hints, --candidates and --compare are
for photographs alone.

exit status: {console.STATUS_LINE}
`cic-jax help names`, `help hints` and `help formats` say more.
"""


def add(subcommands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the parser of `cic-jax colorize PHOTO... --out=DIR` and return it."""
    parser: argparse.ArgumentParser = subcommands.add_parser(
        "colorize",
        help="colour photographs, folders of photographs, films, or standard input",
        description="Colour photographs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos",
        nargs="*",
        type=arguments.name,
        metavar="PHOTO_OR_FOLDER",
        help="file, folder, pattern or URL; or only - for standard input",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=arguments.name,
        metavar="DIR|FILE",
        help="folder of the results, or the name of the only one; may be left out where the last "
        "argument is the folder",
    )
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
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="numbers that the network multiplies; bfloat16 is quicker for many photographs if the "
        "processor has it (the first of a shape are in float32), and is taken by itself where "
        "colours stay the same to the eye (default: %(default)s)",
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
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be written, and write nothing"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one line of JSON for each photograph on standard output",
    )
    archive.add(parser)
    return parser


def _mode(text: str) -> float:
    """Parse the name of a read-out as its temperature."""
    try:
        return MODES[text]
    except KeyError:
        raise argparse.ArgumentTypeError(f"expected mean or mode, got {text}") from None
