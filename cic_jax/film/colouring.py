"""From the pictures of a film to their colours, in one pass and in bounded memory.

Each function takes an iterator and yields its elements with something more: what the network sees
and answers, and the mean of its answers along motion.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import bins, read_out
from cic_jax.colorize import Colorizer
from cic_jax.colorize.prediction import Prediction
from cic_jax.film import motion, shots, steady
from cic_jax.film.reading import Look, Picture
from cic_jax.images import resize
from cic_jax.programs import Programs

BATCH = 8  # pictures that go through the network together
AHEAD = 8  # pictures at the beginning of a shot of which its first has the mean


class Settings(NamedTuple):
    """How a film is coloured, as a photograph is by `Colorizer`."""

    temperature: float = bins.TEMPERATURE
    saturation: float = 1.0
    tau: float | None = None
    unify: float | None = None
    palette: UInt8[np.ndarray, "i j 3"] | None = None


class Answered(NamedTuple):
    """A picture, as the network sees it, and its answer."""

    picture: Picture
    seen: UInt8[np.ndarray, "v u 3"]
    L: Float[np.ndarray, "h w"]  # at `motion.PER_CELL` pixels to a cell
    output: Float[np.ndarray, "i j q"]


class Steadied(NamedTuple):
    """A picture, as the network sees it, and the means of its cells."""

    picture: Picture
    seen: UInt8[np.ndarray, "v u 3"]
    mean: steady.Mean
    begins: bool  # a shot


def seen_size(look: Look, size: int) -> tuple[int, int]:
    """Return the height and width at which the network sees the pictures, in square pixels."""
    width, height = round(look.width * look.aspect), look.height
    if look.aspect < 1:
        width, height = look.width, round(look.height / look.aspect)
    if look.turns % 2:
        width, height = height, width
    return resize.working_size(height, width, size)


def answered(
    colorizer: Colorizer,
    pictures: Iterator[Picture],
    size: tuple[int, int],
    settings: Settings,
    photographs: int = 1,
) -> Iterator[Answered]:
    """Run the network on pictures, as it sees them at `size`, `BATCH` at a time.

    The batch is always full, so that one program serves the film.

    Args:
        colorizer: The model.
        pictures: Pictures of one size.
        size: Height and width.
        settings: How they are coloured.
        photographs: About how many pictures there are.
    """
    has_bins = colorizer.model.target.centers is not None
    network = colorizer.together(photographs)
    while batch := list(islice(pictures, BATCH)):
        seen = [resize.reduce(picture.pixels, size) for picture in batch]
        full = np.stack(seen + seen[-1:] * (BATCH - len(batch)))
        outputs = np.stack(list(network.outputs(full, settings.palette, settings.unify)))
        if has_bins:
            outputs = np.asarray(steady.normalised(outputs))
        for i, picture in enumerate(batch):
            L = np.asarray(_small_lightness(resize.pad(seen[i], read_out.CELL)))
            yield Answered(picture, seen[i], L, outputs[i])


def steadied(
    answers: Iterator[Answered], first: int = 0, mean: steady.Mean | None = None
) -> Iterator[Steadied]:
    """Average answers along motion, shot by shot, from picture number `first` on.

    A shot begins with the mean over its first `AHEAD` pictures, found backwards, so that its
    colours need not settle.

    Args:
        answers: Answers from picture `first - 1` on, or earlier.
        first: The first picture that is yielded.
        mean: The means after the picture before it; None if there is none.
    """
    waiting: list[tuple[Answered, tuple[motion.Match, motion.Match] | None]] = []
    before: Answered | None = None
    for answer in answers:
        matches = None if before is None else motion.match(before.L, answer.L)
        begins = before is None or matches is None or _is_cut(before, answer, matches[0])
        before = answer
        if answer.picture.number < first:
            continue
        if begins or matches is None:
            yield from _beginning(waiting)
            waiting = [(answer, None)]
        elif waiting:
            waiting.append((answer, matches))
        elif mean is not None:
            mean = steady.go_on(mean, matches[0], answer.output)
            yield Steadied(answer.picture, answer.seen, mean, False)
        if len(waiting) == AHEAD:
            for picture in _beginning(waiting):
                mean = picture.mean
                yield picture
            waiting = []
    yield from _beginning(waiting)


def coloured(
    colorizer: Colorizer, picture: Steadied, settings: Settings
) -> UInt8[np.ndarray, "h w 3"]:
    """Colour a picture, at its own size, by its means."""
    output = np.asarray(picture.mean.output)
    prediction = Prediction(picture.picture.pixels, output, picture.seen)
    return colorizer.render(prediction, settings.temperature, settings.saturation, settings.tau)


def _is_cut(before: Answered, after: Answered, match: motion.Match) -> bool:
    found = float(np.mean(match.share))
    return shots.is_cut(before.L, after.L, found)


def _beginning(
    waiting: list[tuple[Answered, tuple[motion.Match, motion.Match] | None]],
) -> Iterator[Steadied]:
    """Yield the first pictures of a shot, of which the first has the mean of all."""
    if not waiting:
        return
    mean = steady.begin(waiting[-1][0].output)
    for (answer, _), (_, matches) in zip(waiting[-2::-1], waiting[:0:-1], strict=True):
        if matches is not None:
            mean = steady.go_on(mean, matches[1], answer.output)
    for answer, matches in waiting:
        if matches is not None:
            mean = steady.go_on(mean, matches[0], answer.output)
        yield Steadied(answer.picture, answer.seen, mean, matches is None)


def _small(seen: UInt8[Array, "v u 3"]) -> Float[Array, "h w"]:
    L = read_out.lightness(seen)[..., 0]
    side = read_out.CELL // motion.PER_CELL
    return L.reshape(L.shape[0] // side, side, L.shape[1] // side, side).mean(axis=(1, 3))


_small_lightness = Programs(_small)
