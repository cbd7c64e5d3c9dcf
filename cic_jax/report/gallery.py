"""Pictures and colours for figures, from a colorizer and photographs."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from cic_jax import bins, lab, photos
from cic_jax.colorize import Colorizer

TEMPERATURES = (1.0, 0.77, 0.58, 0.38, 0.29, 0.14, 0.0)  # those of the study's figure

Pictures = UInt8[np.ndarray, "n h w 3"]


class Pixel(NamedTuple):
    """A pixel (row, column), the predicted distribution over the bins there, and its colours."""

    place: tuple[int, int]
    centers: Float[np.ndarray, "q 2"]
    p: Float[np.ndarray, " q"]
    colours: dict[str, Float[np.ndarray, "2"]]


def first(photographs: photos.Photographs, count: int, size: int, short_side: int) -> Pictures:
    """Take the centre windows of the first photographs of a split, which is in random order."""
    shown = range(min(count, len(photographs)))
    return np.stack([photos.window(photographs[i]["image"], size, short_side)[0] for i in shown])


def grey(rgb: UInt8[np.ndarray, "*b 3"]) -> UInt8[np.ndarray, "*b 3"]:
    """Remove the colour of photographs and keep their lightness: ab = 0."""
    pixels = lab.from_uint8(jnp.asarray(rgb))
    green = jnp.round(255 * lab.lab_to_rgb(pixels.at[..., 1:].set(0)))[..., 1:2]
    return np.asarray(jnp.broadcast_to(green, rgb.shape)).astype(np.uint8)


def coloured(colorizer: Colorizer, photographs: Pictures, temperature: float) -> Pictures:
    """Colour each photograph from its lightness."""
    return np.stack([colorizer(photo, temperature) for photo in photographs])


def temperatures(colorizer: Colorizer, photo: UInt8[np.ndarray, "h w 3"]) -> dict[str, Pictures]:
    """Colour a photograph at each of `TEMPERATURES`, between grey and the truth, by name."""
    names = {1.0: " (mean)", 0.0: " (mode)"}
    read_out = {
        f"T = {value:g}{names.get(value, '')}": colorizer(photo, value) for value in TEMPERATURES
    }
    row = {"grey": grey(photo), **read_out, "truth": photo}
    return {name: picture[None] for name, picture in row.items()}


def least_sure(colorizer: Colorizer, photo: UInt8[np.ndarray, "h w 3"]) -> Pixel:
    """Find the pixel whose predicted distribution has the largest variance, E |ab|^2 - |E ab|^2.

    An eighth of the photograph at each edge is left out, where the network sees less context.
    Raises ValueError for a model that predicts ab itself.
    """
    distribution = colorizer.distribution(photo)
    centers = np.asarray(colorizer.model.target.centers)
    mean = distribution @ centers
    spread = distribution @ np.sum(centers**2, axis=-1) - np.sum(mean**2, axis=-1)
    edge = np.array(spread.shape) // 8
    inner = spread[edge[0] : spread.shape[0] - edge[0], edge[1] : spread.shape[1] - edge[1]]
    cell = edge + np.unravel_index(np.argmax(inner), inner.shape)
    p = distribution[tuple(cell)]
    scale = np.array(photo.shape[:2]) / spread.shape
    top, left = (int(i) for i in scale * cell)
    bottom, right = (int(i) for i in scale * np.add(cell, 1))
    block = lab.from_uint8(jnp.asarray(photo[top:bottom, left:right]))
    logits = jnp.log(p)
    colours = {
        f"read out, T = {value:g}": np.asarray(bins.decode(logits, value, centers))
        for value in (1.0, bins.TEMPERATURE, 0.0)
    }
    truth = np.asarray(block[..., 1:].mean(axis=(0, 1)))
    place = ((top + bottom) // 2, (left + right) // 2)
    return Pixel(place, centers, p, {"truth": truth, **colours})
