"""The subcommand `cic-jax colorize`, for photographs, folders of photographs or a stream."""

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.cli import archive, colorize_flags, console, destination, hints, settings
from cic_jax.cli.destination import Destination
from cic_jax.cli.outcomes import Outcomes

if TYPE_CHECKING:
    from cic_jax.cli.plan import Plan


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax colorize PHOTO... --out=DIR`."""
    colorize_flags.add(subcommands).set_defaults(run=colorize)


def colorize(options: argparse.Namespace) -> int:
    """Colour every photograph named; a failure is reported in one line, and the others go on."""
    hints.check(options)
    if archive.is_asked(options):
        return archive.colorize(options)
    if options.photos == ["-"] and options.out is None:
        unfit = {"candidates": options.candidates > 1, "dry-run": options.dry_run}
        for flag, given in (unfit | {"json": options.json}).items():
            if given:
                console.fail(f"--{flag}: expected photographs and --out=DIR, not -")
        return _colorize_stream(options)
    if "-" in options.photos or not options.photos:
        console.fail(destination.EXPECTED)
    return _colorize_photographs(destination.find(options), options)


def _colorize_photographs(place: Destination, options: argparse.Namespace) -> int:
    """Colour photographs into a folder or a file, or only say what would be written."""
    plan = _plan(place, options)
    outcomes = Outcomes(options.json)
    hints.tell_unused(options, [job.photograph for job in (*plan.jobs, *plan.done)])
    for name, line in plan.errors:
        outcomes.fail(name, line)
    for job in plan.done:
        outcomes.add("done", *job)
    if options.dry_run:
        for job in plan.jobs:
            outcomes.announce(*job)
        done, verb = len(plan.jobs), "would be coloured into"
    else:
        from cic_jax.cli.photographs import colorize_files

        done = colorize_files(plan, place, options, outcomes) if plan.jobs else 0
        verb = "coloured into"
    already = f"{_others(plan, options)} (--overwrite colours them again)"
    failed = len(plan.errors) + len(plan.jobs) - done
    return outcomes.sum_up(f"{done} {verb} {place}", done, len(plan.done), failed, already)


def _others(plan: "Plan", options: argparse.Namespace) -> str:
    """Return how many results that are there already were made with other settings, if any."""
    others = sum(
        plan.sources.differ(job.results, settings.of(options, job.photograph)) for job in plan.done
    )
    if others == len(plan.done):
        return " with other settings" if others else ""
    return f", {others} of them with other settings" if others else ""


def _plan(place: Destination, options: argparse.Namespace) -> "Plan":
    """Plan what to write where, or fail with one line."""
    from cic_jax.cli import plan

    overwrite, candidates = options.overwrite, options.candidates
    try:
        if place.file is not None:
            photograph = Path(place.photographs[0])
            return plan.plan_result(photograph, place.file, overwrite, candidates)
        return plan.plan_results(place.photographs, place.folder, overwrite, candidates)
    except OSError as error:
        console.fail(f"--out: {console.describe(error)}")


def _colorize_stream(options: argparse.Namespace) -> int:
    """Colour the photograph on standard input and write it to standard output."""
    from cic_jax import images
    from cic_jax.cli.photographs import colour

    try:
        # One byte too many is enough for it to be refused: what comes may have no end.
        photo = images.read(io.BytesIO(sys.stdin.buffer.read(images.MAX_BYTES + 1)))
    except images.PhotoError as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"standard input cannot be read: {console.describe(error)}")
    colorizer = console.restore(
        options.checkpoint,
        options.size,
        factories=options.factory,
        precision=options.precision,
    )
    hints.require_taken(options, colorizer)
    (picture,) = colour(colorizer, photo, options, Path("-"))
    encoded = io.BytesIO()
    try:
        images.encode(encoded, *picture)
        # Opened anew: what cannot be written must not be tried again when Python ends.
        with open(sys.stdout.fileno(), "wb", closefd=False) as output:
            output.write(encoded.getvalue())
    except (images.PhotoError, OSError) as error:
        console.fail(f"the result cannot be written: {console.describe(error)}")
    return console.DONE
