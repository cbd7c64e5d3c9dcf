"""A film, coloured from a file to a file."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from cic_jax.colorize import Colorizer
from cic_jax.film import colouring, joining, parts
from cic_jax.film.colouring import BATCH, Settings, Steadied
from cic_jax.film.containers import required
from cic_jax.film.limits import FilmError
from cic_jax.film.reading import Film
from cic_jax.film.writing import Encoder, Part, even, format_of
from cic_jax.images import is_same_file

AS_IT_IS = Settings()  # the model's own
SHORTEST, LONGEST = 24, 120  # pictures of a part: it ends at a cut after the former


class Result(NamedTuple):
    """What became of a film."""

    path: Path  # of the film, or of what is done so far
    pictures: int  # in it
    finished: bool
    notes: list[str]  # what is to be said of it, a line each
    kept: int  # pictures of the parts that are done, which are not coloured again


def colorize(
    colorizer: Colorizer,
    source: str | Path,
    target: str | Path,
    settings: Settings = AS_IT_IS,
    overwrite: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    report: Callable[[int, int], object] = lambda done, of: None,
) -> Result:
    """Colour a film; go on where an earlier call was stopped or killed.

    What is done is kept beside the target until all is, in parts of at most `LONGEST` pictures. The
    result is the same, to the byte, whether it was stopped or not. Raises FilmError in one line for
    a film that cannot be read or a result that cannot be written.

    Args:
        colorizer: A model.
        source: The film.
        target: The result, which replaces another; its suffix tells the format.
        settings: How it is coloured.
        overwrite: Forget what was done before.
        stopped: Asked after every picture. Once true, what is done is joined to a film, too.
        report: Called with the number of pictures that are done, and about how many there are.
    """
    av = required()
    source, target = Path(source), Path(target)
    colorizer.settings(settings.temperature, settings.saturation, settings.tau)
    if is_same_file(source, target):
        raise FilmError(f"{target}: is the film itself, which is never replaced")
    format_of(target)
    if target.is_dir():
        raise FilmError(f"{target}: is a folder; expected the name of a film")
    film = Film(source)
    notes = [f"{source}: {line}" for line in joining.left_out(film, target)]
    look = film.look
    if (look.width, look.height) != (even(look.width), even(look.height)):
        size = f"{even(look.width)} x {even(look.height)}"
        notes.append(f"{source}: becomes {size}: the encoder needs even sides")
    try:
        with parts.held(target):
            if overwrite:
                parts.forget(target)
            done = parts.Parts(target, _making(colorizer, source, settings))
            film_parts, pictures, finished = _write(
                colorizer, film, target, done, settings, stopped, report
            )
            path = target if finished else parts.unfinished(target)
            if film_parts:
                joining.join(film_parts, film, path, whole=finished)
            if finished:
                parts.discard(target)
    except (av.FFmpegError, OSError) as error:
        raise FilmError(f"{target}: could not be written: {error.strerror}") from error
    notes += [f"{source}: {line}" for line in film.complaints]
    return Result(path, pictures, finished, notes, done.pictures)


def _write(
    colorizer: Colorizer,
    film: Film,
    target: Path,
    done: parts.Parts,
    settings: Settings,
    stopped: Callable[[], bool],
    report: Callable[[int, int], object],
) -> tuple[list[Part], int, bool]:
    """Colour what is not done; return all parts, their pictures, and whether that is all.

    If `stopped`, the last part is not done: it is written again when the film goes on.
    """
    format, first = format_of(target), done.pictures
    encoder: Encoder | None = None
    mean = done.mean()
    report(first, film.pictures_stated)
    with contextlib.ExitStack() as stack:
        for picture in _steady(colorizer, film, first, mean, settings):
            if encoder is not None and mean is not None and _is_full(encoder, picture):
                stack.pop_all().close()
                done.add(encoder.pictures, encoder.start, mean)
                encoder = None
            if encoder is None:
                encoder = Encoder(done.open, film.look, format)
                stack.callback(encoder.close)
            pixels = colouring.coloured(colorizer, picture, settings)
            encoder.write(pixels, picture.picture.time, picture.picture.duration)
            mean = picture.mean
            report(done.pictures + encoder.pictures, film.pictures_stated)
            if stopped():
                stack.pop_all().close()
                written = [*done.films(), Part(done.open, encoder.start)]
                return written, done.pictures + encoder.pictures, False
        if encoder is not None and mean is not None:
            stack.pop_all().close()
            done.add(encoder.pictures, encoder.start, mean)
    return done.films(), done.pictures, True


def _is_full(part: Encoder, following: Steadied) -> bool:
    return part.pictures >= (SHORTEST if following.begins else LONGEST)


def _steady(
    colorizer: Colorizer, film: Film, first: int, mean: Any, settings: Settings
) -> Iterator[Steadied]:
    """Yield the pictures from number `first` on with their means.

    Batches begin at the same pictures wherever that is, so that the results are the same.
    """
    begin = max(0, first - 1) // BATCH * BATCH
    size = colouring.seen_size(film.look, colorizer.size)
    answers = colouring.answered(
        colorizer, film.pictures(begin), size, settings, film.pictures_stated
    )
    return colouring.steadied(answers, first, mean)


def _making(colorizer: Colorizer, source: Path, settings: Settings) -> dict[str, Any]:
    """Say from what and how a film is made, so that it goes on only if that is the same."""
    av = required()
    status = source.stat()
    digest = hashlib.sha256(json.dumps(colorizer.model.description, sort_keys=True).encode())
    for leaf in jax.tree.leaves(colorizer.model.variables):
        digest.update(np.asarray(leaf).tobytes())
    palette = settings.palette
    return {
        "film": [status.st_size, status.st_mtime_ns],
        "model": digest.hexdigest(),
        "size": colorizer.size,
        **settings._replace(palette=None)._asdict(),
        "palette": None if palette is None else hashlib.sha256(palette.tobytes()).hexdigest(),
        "encoder": av.__version__,
    }
