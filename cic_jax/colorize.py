"""A trained model colours a photograph of any size; its lightness stays as it was."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8
from PIL import Image

from cic_jax import bins, checkpoint, convolution, image_file, lab
from cic_jax import model as models

MULTIPLE = 64  # working sizes are padded to it, so that few are compiled
LONGEST = 16  # the working long side is at most so many times `size`
CELL = 4  # working pixels along a side of an output cell
TILE = 512  # side of the squares in which a photograph is coloured at full size
GAMUT_STEPS = 10  # of bisection: chroma is within 1/1024 of what sRGB can show
GAMUT_SLACK = 1e-4  # of linear light, about a tenth of an 8-bit step


class Colorizer:
    """A restored model, ready to colour photographs.

    >>> import numpy as np
    >>> from cic_jax import Colorizer
    >>> colorizer = Colorizer.restore("two_cores")
    >>> photo = np.full((300, 400), 128, np.uint8)
    >>> colorizer(photo, temperature=0.38).shape
    (300, 400, 3)
    """

    def __init__(self, model: models.Model, size: int = 256) -> None:
        """The network sees photographs reduced (or enlarged) to a short side of `size` pixels."""
        if size < 8:
            raise ValueError(f"size: expected at least 8 pixels, got {size}")

        def output(variables, rgb):
            return model.network.apply(variables, lightness(rgb)[None])[0]

        self.model = model._replace(variables=jax.jit(convolution.prepare)(model.variables))
        self.size = size
        self._output = jax.jit(output)
        self._to_ab = jax.jit(model.target.to_ab)

    @classmethod
    def restore(cls, path: str | Path, size: int = 256) -> "Colorizer":
        """From an exported model, a training run or the name of a released checkpoint.

        Raises CheckpointError where there is none.
        """
        return cls(checkpoint.load(path), size)

    def __call__(
        self,
        photo: np.ndarray | Image.Image,
        temperature: float = 0.38,
        saturation: float = 1.0,
    ) -> UInt8[np.ndarray, "h w 3"]:
        """Colour a photograph: uint8 'h w' or 'h w 3', or a Pillow image, of any size.

        `temperature` from 0 (vivid) to 1 (the mean, greyish) reads out the predicted distribution;
        `saturation` multiplies ab. L is kept to the rounding of 8 bits: a colour that sRGB cannot
        show at its lightness loses chroma, not lightness. Besides the photograph and the result,
        memory takes one byte per pixel and a constant. Raises ValueError for other arrays.
        """
        if not (temperature >= 0 and saturation >= 0):
            raise ValueError(
                f"expected temperature and saturation >= 0, got {temperature} and {saturation}"
            )
        pixels = _pixels(photo)
        working, (h, w) = self._working(pixels)
        output = self._output(self.model.variables, working)
        ab = saturation * self._to_ab(output, temperature)
        scale = CELL * np.array([pixels.shape[0] / h, pixels.shape[1] / w], np.float32)
        return _paint(pixels, ab, scale)

    def distribution(self, photo: np.ndarray | Image.Image) -> Float[np.ndarray, "h4 w4 q"]:
        """The predicted probabilities of the bins, at a quarter of the working size, rounded up.

        Raises ValueError for a model that predicts ab itself.
        """
        if self.model.target.centers is None:
            raise ValueError("expected a model over colour bins; this one predicts ab itself")
        working, (h, w) = self._working(_pixels(photo))
        logits = self._output(self.model.variables, working)[: -(-h // CELL), : -(-w // CELL)]
        return np.asarray(bins.distribution(logits))

    def _working(
        self, pixels: UInt8[np.ndarray, "h w *c"]
    ) -> tuple[UInt8[np.ndarray, "i j *c"], tuple[int, int]]:
        """What the network sees, padded to few sizes, and its true height and width."""
        size = working_size(pixels.shape[0], pixels.shape[1], self.size)
        return _pad(reduce(pixels, size), MULTIPLE), size


def working_size(h: int, w: int, size: int) -> tuple[int, int]:
    """Height and width with a short side of `size`, the aspect kept.

    A photograph more than LONGEST times as long as wide is reduced further, until it fits.
    """
    scale = min(size / min(h, w), LONGEST * size / max(h, w))
    return max(1, round(h * scale)), max(1, round(w * scale))


def reduce(
    pixels: UInt8[np.ndarray, "h w *c"], size: tuple[int, int]
) -> UInt8[np.ndarray, "i j *c"]:
    """Resample to a height and width, antialiased, one channel at a time to spare memory."""
    channels = [
        np.asarray(Image.fromarray(channel).resize(size[::-1], Image.Resampling.BICUBIC))
        for channel in np.moveaxis(np.atleast_3d(pixels), -1, 0)
    ]
    return np.stack(channels, axis=-1).reshape(*size, *pixels.shape[2:])


@jax.jit
def lightness(rgb: UInt8[Array, "h w *c"]) -> Float[Array, "h w 1"]:
    """L of 8-bit sRGB or grey values."""
    rgb = rgb.reshape(*rgb.shape[:2], -1) / 255.0
    return lab.rgb_to_lab(jnp.broadcast_to(rgb, (*rgb.shape[:2], 3)))[..., :1]


@jax.jit
def upsample(
    ab: Float[Array, "i j 2"],
    L: Float[Array, "h w 1"],
    scale: Float[Array, "2"],
    origin: Float[Array, "2"],
) -> Float[Array, "h w 2"]:
    """ab of a tile of the photograph: `scale` pixels per cell, the tile begins at `origin`.

    Bilinear. The tile's lightness is there for methods that follow its edges; this one does not.
    """
    shape = (*L.shape[:2], 2)
    return jax.image.scale_and_translate(
        ab,
        shape,
        (0, 1),
        scale,
        -origin,
        method="linear",
        antialias=False,
        precision=jax.lax.Precision.HIGHEST,
    )


def fit_gamut(L: Float[Array, "*b 1"], ab: Float[Array, "*b 2"]) -> Float[Array, "*b 2"]:
    """ab times the largest factor in [0, 1] with which sRGB can show it at this lightness."""
    lightness, a, b = L[..., 0], ab[..., 0], ab[..., 1]

    def bisect(i, factor):
        larger = factor + 0.5**i
        return jnp.where(_is_shown(lightness, larger * a, larger * b), larger, factor)

    factor = jax.lax.fori_loop(1, GAMUT_STEPS + 1, bisect, jnp.zeros_like(a))
    return jnp.where(_is_shown(lightness, a, b), 1.0, factor)[..., None] * ab


def _is_shown(
    L: Float[Array, "*b"], a: Float[Array, "*b"], b: Float[Array, "*b"]
) -> Bool[Array, "*b"]:
    light = jnp.stack(lab.lab_to_linear(L, a, b))
    return jnp.all(jnp.abs(light - 0.5) <= 0.5 + GAMUT_SLACK, axis=0)


@jax.jit
def combine(L: Float[Array, "h w 1"], ab: Float[Array, "h w 2"]) -> UInt8[Array, "h w 3"]:
    """8-bit sRGB of lightness and colour, lightness kept where both cannot be."""
    rgb = lab.lab_to_rgb(jnp.concatenate([L, fit_gamut(L, ab)], axis=-1))
    return jnp.round(255 * rgb).astype(jnp.uint8)


def _paint(
    pixels: UInt8[np.ndarray, "h w *c"], ab: Float[Array, "i j 2"], scale: Float[np.ndarray, "2"]
) -> UInt8[np.ndarray, "h w 3"]:
    """A photograph at full size in the colours of `ab`, whose cells are `scale` pixels large.

    It goes in squares of one size: memory stays flat and what is costly is compiled once.
    """
    result = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, pixels.shape[0], TILE):
        for left in range(0, pixels.shape[1], TILE):
            square = np.s_[top : top + TILE, left : left + TILE]
            L = lightness(_pad(pixels[square], TILE))
            colour = upsample(ab, L, scale, np.array([top, left], np.float32))
            h, w = result[square].shape[:2]
            result[square] = np.asarray(combine(L, colour))[:h, :w]
    return result


def _pixels(photo: np.ndarray | Image.Image) -> UInt8[np.ndarray, "h w *c"]:
    if isinstance(photo, Image.Image):
        return image_file.decode(photo).rgb
    pixels = np.asarray(photo)
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not shaped or pixels.size == 0:
        raise ValueError(
            "photo: expected uint8 of shape (h, w) or (h, w, 3) with values 0 to 255, "
            f"got {pixels.dtype} of shape {pixels.shape}"
        )
    return pixels


def _pad(pixels: UInt8[np.ndarray, "h w *c"], multiple: int) -> UInt8[np.ndarray, "i j *c"]:
    """Repeat the lower and right edges up to a multiple."""
    h, w = pixels.shape[:2]
    if h % multiple == w % multiple == 0:
        return pixels
    edges = [(0, -h % multiple), (0, -w % multiple)] + [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, edges, mode="edge")
