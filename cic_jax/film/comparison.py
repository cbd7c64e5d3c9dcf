"""How much steadier colour is held than picture by picture, beside the truth."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from cic_jax import lab
from cic_jax.colorize import Colorizer
from cic_jax.colorize.prediction import Prediction
from cic_jax.film import colouring, flicker, motion
from cic_jax.film.colouring import Settings
from cic_jax.film.reading import Picture
from cic_jax.images import resize


class Scores(NamedTuple):
    """Flicker, error and colourfulness of one way to colour a clip."""

    consistency: float  # colour distribution consistency; smaller is steadier
    warped: float  # difference along motion, in CIELAB units
    error: float  # root mean square distance of ab from the truth
    chroma: float  # the mean


def compare(
    colorizer: Colorizer, film: UInt8[np.ndarray, "t h w 3"], settings: Settings
) -> dict[str, Scores]:
    """Score the true colours of a clip, and its colourings picture by picture and held steady.

    Motion is that of the true pictures' lightness, as `motion` finds it. Raises ValueError for
    fewer than 5 pictures.
    """
    pictures = [Picture(i, pixels, i, 1) for i, pixels in enumerate(film)]
    size = resize.working_size(film.shape[1], film.shape[2], colorizer.size)
    answers = list(colouring.answered(colorizer, iter(pictures), size, settings))
    apart = (
        colorizer.render(
            Prediction(x.picture.pixels, x.output, x.seen),
            settings.temperature,
            settings.saturation,
            settings.tau,
        )
        for x in answers
    )
    steady = (
        colouring.coloured(colorizer, picture, settings)
        for picture in colouring.steadied(iter(answers))
    )
    matches = [
        motion.match_pixels(before.L, after.L)[0] for before, after in itertools.pairwise(answers)
    ]
    truth = _small_ab(film, matches[0].share.shape)
    ways: dict[str, Iterable[np.ndarray]] = {
        "truth": film,
        "picture by picture": apart,
        "steady": steady,
    }
    return {name: _score(_stacked(way), truth, matches) for name, way in ways.items()}


def _stacked(pictures: Iterable[np.ndarray]) -> UInt8[np.ndarray, "t h w 3"]:
    return np.stack(list(pictures))


def _score(
    film: UInt8[np.ndarray, "t h w 3"],
    truth: Float[np.ndarray, "t i j 2"],
    matches: list[motion.Match],
) -> Scores:
    place, share = (np.stack(x) for x in zip(*matches, strict=True))
    ab = _small_ab(film, truth.shape[1:3])
    return Scores(
        flicker.consistency(film),
        flicker.warped_difference(ab, place, share),
        float(np.sqrt(np.mean(np.sum((ab - truth) ** 2, axis=-1)))),
        float(np.mean(np.linalg.norm(ab, axis=-1))),
    )


def _small_ab(
    film: UInt8[np.ndarray, "t h w 3"], size: tuple[int, ...]
) -> Float[np.ndarray, "t i j 2"]:
    """Return the colours of a clip at the size at which motion is found."""
    small = [resize.reduce(picture, (size[0], size[1])) for picture in film]
    return np.asarray(lab.from_uint8(jnp.asarray(np.stack(small))))[..., 1:]
