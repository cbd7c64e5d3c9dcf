"""Films among what `cic-jax colorize` colours."""

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from cic_jax.cli import console, hints, settings
from cic_jax.cli.plan import Job
from cic_jax.cli.sources import Sources

if TYPE_CHECKING:
    from cic_jax.colorize import Colorizer


def colorize(
    job: Job, colorizer: "Colorizer", sources: Sources, options: argparse.Namespace
) -> None:
    """Colour a film, or go on with it. Raises FilmError, PhotoError or OSError.

    After Ctrl-C or its like, what is done is joined to a film; then KeyboardInterrupt is raised. A
    second one ends at once.
    """
    from tqdm import tqdm

    from cic_jax import film

    unfit = {
        "candidates": options.candidates > 1,
        "compare": options.compare,
        "hint": bool(options.hint),
        "hints": options.hints is not None,
    }
    if flags := [f"--{flag}" for flag, given in unfit.items() if given]:
        raise film.FilmError(f"{job.photograph}: a film takes no {', '.join(flags)}")
    (result,) = job.results
    result.parent.mkdir(parents=True, exist_ok=True)
    sources.add(job.results, job.photograph, settings.of(options, job.photograph))
    chosen = film.Settings(
        options.temperature,
        options.saturation,
        options.tau,
        options.unify,
        hints.palette(options),
    )
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        asked.append(number)
        signal.signal(number, signal.default_int_handler)

    with (
        tqdm(unit="picture", file=sys.stderr, disable=None, leave=False) as bar,
        console.interrupts_handled_by(ask, console.ENDING),
    ):

        def report(done: int, of: int) -> None:
            bar.total = max(of, done)
            bar.update(done - bar.n)

        made = film.colorize(
            colorizer,
            job.photograph,
            result,
            chosen,
            overwrite=options.overwrite,
            stopped=lambda: bool(asked),
            report=report,
        )
    for note in made.notes:
        console.say(note)
    if not made.finished:
        console.say(
            f"{job.photograph}: stopped after {made.pictures} pictures, which are in {made.path}; "
            f"the same command goes on with picture {made.kept + 1}"
        )
        raise KeyboardInterrupt
