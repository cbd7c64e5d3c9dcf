"""A photograph and a network's answer to it, from which colourings are read out."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from cic_jax import images
from cic_jax.images import resize

Photograph = np.ndarray | Image.Image | str | Path  # uint8 'h w' or 'h w 3', or a file's name


class Prediction(NamedTuple):
    """A network's output for a photograph, from which colourings are read out at little cost.

    `output` has a cell for every 4 x 4 pixels of the working size, rounded up.
    """

    pixels: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]  # the photograph
    output: Float[np.ndarray, "i j q"]  # logits of the bins, or ab / 110
    seen: UInt8[np.ndarray, "v u 3"] | UInt8[np.ndarray, "v u"]  # as the network saw it

    def __repr__(self) -> str:
        """Give the sizes; the arrays would fill the screen."""
        sizes = [" x ".join(map(str, array.shape)) for array in self]
        return f"Prediction(photograph {sizes[0]}, seen as {sizes[2]}, output {sizes[1]})"

    @property
    def size(self) -> tuple[int, int]:
        """The working height and width, at which the network looked."""
        return self.seen.shape[:2]

    def reduced(self, longest: int) -> "Prediction":
        """Reduce the photograph, but not the output, to at most `longest` pixels, for previews.

        Raises ValueError where `longest` is not positive.
        """
        if longest < 1:
            raise ValueError(f"longest: expected at least 1 pixel, got {longest}")
        h, w = self.pixels.shape[:2]
        scale = longest / max(h, w)
        if scale >= 1:
            return self
        size = max(1, round(scale * h)), max(1, round(scale * w))
        return self._replace(pixels=resize.reduce(self.pixels, size))


def pixels_of(photo: Photograph) -> UInt8[np.ndarray, "h w *c"]:
    """Return the pixels of a photograph: as they come, of a Pillow image, or of a file.

    Raises ValueError for an array of another kind, and PhotoError for a file that is no photograph.
    """
    if isinstance(photo, str | Path):
        return images.read(Path(photo).expanduser()).rgb
    if isinstance(photo, Image.Image) and 0 not in photo.size:
        return images.decode(photo).rgb
    pixels = np.asarray(photo)
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not shaped or pixels.size == 0:
        raise ValueError(
            "photo: expected uint8 of shape (h, w) or (h, w, 3) with values 0 to 255, "
            f"got {pixels.dtype} of shape {pixels.shape}"
        )
    return pixels


def is_batch(photo: object) -> bool:
    """Return whether these are several photographs: a list, a tuple or an array 'b h w 3'."""
    return isinstance(photo, list | tuple) or getattr(photo, "ndim", 0) == 4
