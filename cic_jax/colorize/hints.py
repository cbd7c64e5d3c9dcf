"""Hints as people give them: a colour at a place of the photograph."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8
from PIL import ImageColor

from cic_jax import bins, lab, read_out
from cic_jax.hints import Hints, none

MOST = 64  # hints for one photograph
ROOM = (16, MOST)  # places that programs are compiled for
LARGEST = 2**31  # pixels of a side; no photograph is larger
FORM = "X,Y,COLOUR, such as 120,80,#a03020 or 50%,25%,darkred"


class Hint(NamedTuple):
    """A colour at a place; x and y are shares of the width and height, from 0 to 1."""

    x: float
    y: float
    ab: tuple[float, float]  # in CIELAB units


def parse(text: str, width: int, height: int) -> Hint:
    """Parse 'X,Y,COLOUR' for a photograph of that size.

    X and Y are pixels, or shares of the sides with %; COLOUR is a name of CSS, #rrggbb, or another
    form that Pillow's ImageColor reads. Raises ValueError for another text or a place outside.
    """
    parts = [part.strip() for part in text.split(",", 2)]
    if len(parts) < 3:
        raise ValueError(f"expected a hint {FORM}; got {text!r}")
    try:
        x, y = (_share(part, side) for part, side in zip(parts, (width, height), strict=False))
        rgb = ImageColor.getrgb(parts[2])[:3]
        if not all(0 <= value <= 255 for value in rgb):  # of rgb(300,0,0) and its like
            raise ValueError(f"a colour outside of sRGB, {rgb}")
    except ValueError as error:
        raise ValueError(f"expected a hint {FORM}; got {text!r}: {error}") from error
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"the hint {text!r} lies outside of the photograph of {width} x {height}")
    return Hint(x, y, colour_ab(np.array(rgb, np.uint8)))


def placed(hints: Iterable[Hint | str], width: int, height: int) -> tuple[Hint, ...]:
    """Return hints for a photograph of that size; texts are parsed by `parse`.

    Raises ValueError for a text that is no hint, TypeError for anything else.
    """
    if isinstance(hints, str):
        raise TypeError(f"hints: expected a list of hints, got the text {hints!r}")
    return tuple(_placed(hint, width, height) for hint in hints)


def _placed(hint: Any, width: int, height: int) -> Hint:
    if isinstance(hint, str):
        return parse(hint, width, height)
    if not isinstance(hint, Hint):
        raise TypeError(f"hints: expected a Hint or a text {FORM}; got {hint!r}")
    return hint


def colour_ab(rgb: UInt8[np.ndarray, "3"]) -> tuple[float, float]:
    """Return the ab of an sRGB colour; its lightness plays no part in a hint."""
    a, b = np.asarray(lab.from_uint8(jnp.asarray(rgb)))[1:].tolist()
    return a, b


def arrange(
    hints: Sequence[Hint],
    palette: UInt8[np.ndarray, "i j *c"] | None,
    lightness: Float[np.ndarray, "h w 1"],
    shown: tuple[int, int],
    centers: Float[np.ndarray, "q 2"] | None,
) -> Hints | None:
    """Arrange hints for a network, none too: the first one then finds its program compiled.

    Raises ValueError for hints or a palette to a network that takes none.

    Args:
        hints: As in `for_network`.
        palette: Another photograph, the colours of which the whole is to have.
        lightness: As in `for_network`.
        shown: As in `for_network`.
        centers: Bins of the palette; None for a network that takes no hints.
    """
    if centers is None:
        if hints or palette is not None:
            raise ValueError("this model takes no hints: expected one of the network 'lite'")
        return None
    shares = np.zeros(len(centers), np.float32)
    if palette is not None:
        shares = palette_of(palette, centers)
    return for_network(hints, lightness, shown, shares)


def shapes(centers: Float[np.ndarray, "q 2"] | None) -> Any:
    """Return the shapes of few hints, or of none, as `arrange` lays them out."""
    return None if centers is None else jax.eval_shape(lambda: none(1, ROOM[0], len(centers)))


def for_network(
    hints: Sequence[Hint],
    L: Float[Array, "h w 1"] | Float[np.ndarray, "h w 1"],
    shown: tuple[int, int],
    palette: Float[np.ndarray, " q"],
) -> Hints:
    """Lay out the hints of one photograph for the network, as a batch of one.

    Args:
        hints: At most `MOST`.
        L: Lightness as the network sees it. A colour that sRGB cannot show at the lightness of its
            place loses chroma.
        shown: Height and width of the part of L that is the photograph; the rest is padding.
        palette: Shares of the bins that the whole is to have; zeros for unknown.

    Raises ValueError for too many hints.
    """
    if len(hints) > MOST:
        raise ValueError(f"expected at most {MOST} hints for one photograph, got {len(hints)}")
    room = next(n for n in ROOM if n >= len(hints))
    place, ab, given = np.zeros((room, 2)), np.zeros((room, 2)), np.zeros(room)
    for i, hint in enumerate(hints):
        place[i], ab[i], given[i] = (hint.y, hint.x), hint.ab, 1.0
    if hints:  # else nothing has to be compiled for them
        pixel = np.minimum(place * shown, np.array(shown) - 1).astype(int)
        ab = _fit(np.asarray(L)[pixel[:, 0], pixel[:, 1]], ab.astype(np.float32))
    place = place * np.array(shown) / np.array(L.shape[:2])
    arrays = (place, ab, given, palette)
    return Hints(*(jax.device_put(np.asarray(x, np.float32)[None]) for x in arrays))


@jax.jit
def _fit(L: Float[Array, "k 1"], ab: Float[Array, "k 2"]) -> Float[Array, "k 2"]:
    return read_out.fit(L, ab)


def palette_of(
    rgb: UInt8[np.ndarray, "h w *c"], centers: Float[np.ndarray, "q 2"]
) -> Float[np.ndarray, " q"]:
    """Compute the share of each bin in the colours of a photograph."""
    rgb = np.broadcast_to(np.atleast_3d(rgb), (*rgb.shape[:2], 3))
    ab = lab.from_uint8(jnp.asarray(rgb))[..., 1:]
    indices, weights = bins.encode(ab, centers=centers)
    total = np.bincount(
        np.asarray(indices).ravel(), np.asarray(weights).ravel(), minlength=len(centers)
    )
    return (total / total.sum()).astype(np.float32)


def _share(text: str, side: int) -> float:
    """Parse a place along one side; a pixel's place is its centre."""
    return float(text[:-1]) / 100 if text.endswith("%") else (float(text) + 0.5) / side
