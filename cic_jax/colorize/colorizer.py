"""A trained model colours a photograph of any size; its lightness stays as it was."""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from cic_jax import bins, checkpoint
from cic_jax import model as models
from cic_jax import network as networks
from cic_jax.colorize import candidates
from cic_jax.colorize.paint import lightness, paint
from cic_jax.convolutions import dispatch
from cic_jax.images import file as image_file
from cic_jax.images import resize
from cic_jax.read_out.upsample import CELL, follow

MULTIPLE = 64  # working sizes are padded to it, so that few are compiled


class Prediction(NamedTuple):
    """What the network said of a photograph: colourings are read out of it, at little cost.

    `output` has a cell for every 4 x 4 pixels of the working size, rounded up.
    """

    pixels: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]  # the photograph
    output: Float[np.ndarray, "i j q"]  # of the network: logits of the bins, or ab / 110
    seen: UInt8[np.ndarray, "v u 3"] | UInt8[np.ndarray, "v u"]  # as the network saw it

    @property
    def size(self) -> tuple[int, int]:
        """The working height and width: those at which the network looked."""
        return self.seen.shape[:2]

    def reduced(self, longest: int) -> "Prediction":
        """The same of a smaller copy of the photograph, for previews: at most `longest` pixels.

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


class Colorizer:
    """A restored model, ready to colour photographs.

    >>> import numpy as np
    >>> from cic_jax import Colorizer
    >>> colorizer = Colorizer.restore("simplified_final")
    >>> photo = np.full((300, 400), 128, np.uint8)
    >>> colorizer(photo, temperature=0.38).shape
    (300, 400, 3)

    The network runs once for a photograph; reading its answer out in other ways is cheap.

    >>> prediction = colorizer.predict(photo)
    >>> vivid = colorizer.render(prediction, temperature=0.0)
    >>> preview = colorizer.render(prediction.reduced(200), saturation=1.2)
    >>> preview.shape
    (150, 200, 3)
    >>> len(colorizer.candidates(prediction, count=3))
    3
    >>> colorizer.distribution(prediction).shape  # of 313 bins, at a quarter of 256 x 341 pixels
    (64, 86, 313)
    """

    def __init__(self, model: models.Model, size: int = 256, many: bool = False) -> None:
        """The network sees photographs reduced (or enlarged) to a short side of `size` pixels.

        For `many` photographs each takes less time, and the first of a new shape more.
        """
        if size < 8:
            raise ValueError(f"size: expected at least 8 pixels, got {size}")

        def output(variables, rgb):
            return model.network.apply(variables, lightness(rgb)[None])[0]

        def read_out(output, seen, temperature):
            return follow(model.target.to_ab(output, temperature), lightness(seen))

        prepared = networks.prepare(model.network, model.variables, many)
        self.model = model._replace(variables=prepared)
        self.size = size
        self._output = dispatch.jit_inference(output)
        self._read_out = jax.jit(read_out)

    @classmethod
    def restore(cls, path: str | Path, size: int = 256, many: bool = False) -> "Colorizer":
        """From an exported model, a training run or the name of a released checkpoint.

        Raises CheckpointError where there is none.
        """
        return cls(checkpoint.load(path), size, many)

    def __call__(
        self,
        photo: np.ndarray | Image.Image,
        temperature: float = 0.38,
        saturation: float = 1.0,
    ) -> UInt8[np.ndarray, "h w 3"]:
        """Colour a photograph: uint8 'h w' or 'h w 3', or a Pillow image, of any size.

        `temperature` and `saturation` are those of `render`. Raises ValueError for other arrays.
        """
        _check(temperature, saturation)
        return self.render(self.predict(photo), temperature, saturation)

    def predict(self, photo: np.ndarray | Image.Image) -> Prediction:
        """Run the network on a photograph: uint8 'h w' or 'h w 3', or a Pillow image.

        Its aspect is kept. Raises ValueError for other arrays.
        """
        pixels = _pixels(photo)
        size = resize.working_size(pixels.shape[0], pixels.shape[1], self.size)
        seen = resize.reduce(pixels, size)
        output = np.asarray(self._output(self.model.variables, resize.pad(seen, MULTIPLE)))
        return Prediction(pixels, output[: -(-size[0] // CELL), : -(-size[1] // CELL)], seen)

    def render(
        self, prediction: Prediction, temperature: float = 0.38, saturation: float = 1.0
    ) -> UInt8[np.ndarray, "h w 3"]:
        """The photograph of a prediction in colour, of its own size.

        `temperature` from 0 (vivid) to 1 (the mean, greyish) reads out the predicted distribution;
        `saturation` multiplies ab. L is kept to the rounding of 8 bits: a colour that sRGB cannot
        show at its lightness loses chroma, not lightness. Besides the photograph and the result,
        memory takes one byte per pixel and a constant.
        """
        _check(temperature, saturation)
        # Padded as the network's input was: few sizes are compiled.
        output = resize.pad(prediction.output, MULTIPLE // CELL)
        seen = resize.pad(prediction.seen, MULTIPLE)
        ab = saturation * self._read_out(output, seen, temperature)
        scale = np.divide(prediction.pixels.shape[:2], prediction.size, dtype=np.float32)
        return paint(prediction.pixels, ab, scale)

    def candidates(
        self,
        photo: np.ndarray | Image.Image | Prediction,
        count: int = 4,
        temperature: float = 0.38,
        saturation: float = 1.0,
        spread: float = 0.5,
    ) -> list[UInt8[np.ndarray, "h w 3"]]:
        """Several colourings of a photograph; the first is the ordinary one.

        They differ where the network is in doubt, in the same way all over the photograph, the more
        the larger `spread` (`cic_jax.candidates` says how they are found). Nothing is drawn at
        random. Raises ValueError as `distribution` does.
        """
        prediction = photo if isinstance(photo, Prediction) else self.predict(photo)
        alternatives = self.alternatives(prediction, count, spread)
        return [self.render(each, temperature, saturation) for each in alternatives]

    def alternatives(
        self, prediction: Prediction, count: int = 4, spread: float = 0.5
    ) -> list[Prediction]:
        """The predictions of which `candidates` are rendered."""
        p = self.distribution(prediction)
        tilts = candidates.tilts(p, np.asarray(self.model.target.centers), count, spread)
        return [prediction._replace(output=prediction.output + tilt) for tilt in tilts]

    def distribution(
        self, photo: np.ndarray | Image.Image | Prediction
    ) -> Float[np.ndarray, "i j q"]:
        """The predicted probabilities of the bins, at a quarter of the working size, rounded up.

        Raises ValueError for a model that predicts ab itself.
        """
        if self.model.target.centers is None:
            raise ValueError("expected a model over colour bins; this one predicts ab itself")
        prediction = photo if isinstance(photo, Prediction) else self.predict(photo)
        return np.asarray(bins.distribution(jnp.asarray(prediction.output)))


def _check(temperature: float, saturation: float) -> None:
    if not (temperature >= 0 and saturation >= 0):
        raise ValueError(
            f"expected temperature and saturation >= 0, got {temperature} and {saturation}"
        )


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
