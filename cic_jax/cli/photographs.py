"""Colouring of the photographs of a plan, one after the other."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax import images
from cic_jax.cli import console, hints, settings
from cic_jax.cli.destination import Destination
from cic_jax.cli.outcomes import Outcomes
from cic_jax.cli.plan import Job, Plan
from cic_jax.cli.sources import Sources
from cic_jax.film import FilmError, is_film

if TYPE_CHECKING:
    import numpy as np

    from cic_jax.colorize import Colorizer


def colorize_files(
    plan: Plan, place: Destination, options: argparse.Namespace, outcomes: Outcomes
) -> int:
    """Colour the photographs of a plan and return how many succeeded."""
    from tqdm import tqdm

    _make_folder(place.folder)
    colorizer = console.restore(
        options.checkpoint, options.size, len(plan.jobs), options.factory, options.precision
    )
    hints.require_taken(options, colorizer)
    if options.candidates > 1 and colorizer.model.target.centers is None:
        console.fail(f"{options.checkpoint} predicts one colour a pixel, so it has no --candidates")
    done = 0
    # From here on Ctrl-C and its like are exceptions, so that no half of a file is left.
    with console.interrupts_handled_by(signal.default_int_handler, console.ENDING):
        # disable=None: no bar if standard error is not a terminal.
        for job in tqdm(plan.jobs, unit="photo", file=sys.stderr, disable=None):
            start = time.perf_counter()
            try:
                _colorize_file(job, colorizer, plan.sources, options)
            except (images.PhotoError, FilmError, OSError) as error:
                # A full disk is noticed where a file is closed, and names none.
                nameless = isinstance(error, OSError) and error.filename is None
                told = console.describe(error)
                outcomes.fail(
                    str(job.photograph), f"{job.photograph}: {told}" if nameless else told
                )
                continue
            seconds = round(time.perf_counter() - start, 3)
            outcomes.add("coloured", *job, seconds=seconds)
            done += 1
    return done


def colour(
    colorizer: "Colorizer", photo: images.Photo, options: argparse.Namespace, path: Path
) -> Iterator[tuple["np.ndarray", images.Photo]]:
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


def _colorize_file(
    job: Job, colorizer: "Colorizer", sources: Sources, options: argparse.Namespace
) -> None:
    """Colour a photograph, or a film, and write its results.

    Raises PhotoError, FilmError or OSError.
    """
    if is_film(job.photograph):
        from cic_jax.cli import film

        return film.colorize(job, colorizer, sources, options)
    photo = images.read(job.photograph)
    if photo.frames > 1:
        console.say(f"{job.photograph}: the first of the {photo.frames} pictures in it is coloured")
    job.results[0].parent.mkdir(parents=True, exist_ok=True)
    sources.add(job.results, job.photograph, settings.of(options, job.photograph))
    pictures = colour(colorizer, photo, options, job.photograph)
    for result, picture in zip(job.results, pictures, strict=True):
        images.write(result, *picture)
    return None


def _make_folder(out: Path) -> None:
    """Make the output folder before the weights are loaded, or fail with one line."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        console.fail(f"--out: expected a folder: {console.describe(error)}")


def _compared(photo: images.Photo, rgb: "np.ndarray") -> tuple["np.ndarray", images.Photo]:
    """Put a photograph to the left of its colouring, transparency included."""
    import numpy as np

    before = np.broadcast_to(photo.rgb.reshape(*rgb.shape[:2], -1), rgb.shape)
    alpha = None if photo.alpha is None else np.tile(photo.alpha, (1, 2))
    return np.concatenate([before, rgb], axis=1), replace(photo, alpha=alpha)
