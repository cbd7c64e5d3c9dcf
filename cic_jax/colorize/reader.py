"""Reading colours out of predictions, as a model's own settings and the user's say."""

import jax
import numpy as np
from jaxtyping import Float, UInt8

from cic_jax import bins, read_out
from cic_jax.colorize.paint import paint, prepare
from cic_jax.colorize.prediction import Prediction
from cic_jax.configs import default
from cic_jax.haste import jit_soon
from cic_jax.images import resize
from cic_jax.inference import MULTIPLE
from cic_jax.model import Model
from cic_jax.programs import Programs
from cic_jax.read_out import CELL


class Reader:
    """The half of a `Colorizer` that needs no network: from predictions to colours."""

    def __init__(self, model: Model, name: str | None = None) -> None:
        """Prepare the read-out of a model's predictions.

        `name` tells all models apart whose programs are kept for later processes; None keeps them
        in this one alone.
        """
        colour = default.completed(model.description["config"]).colour
        self.unify: float = colour.unify  # the model's own
        self._own = read_out.from_config(colour)
        # What no argument changes is not compiled where the model does without it.
        fixed = {"possible": bool(self._own.possible), "doubt": float(self._own.doubt)}

        def pixel_ab(output, seen, settings):
            lightness, settings = read_out.lightness(seen), settings._replace(**fixed)
            return read_out.pixel_ab(model.target, output, lightness, settings)

        def cells(output, seen, settings):
            L = read_out.means(read_out.lightness(seen))
            return read_out.cell_ab(model.target, output, L, settings._replace(**fixed))

        self.model = model
        self._pixel_ab = Programs(pixel_ab, jit=jit_soon, name=name and f"{name} pixels")
        self._cells = Programs(cells, jit=jit_soon, name=name and f"{name} cells")

    def settings(
        self,
        temperature: float = bins.TEMPERATURE,
        saturation: float = 1.0,
        tau: float | None = None,
    ) -> read_out.Settings:
        """Return the settings that these arguments of `render` stand for.

        The rest are the model's own, those of its config. Raises ValueError for a negative value,
        and for a `tau` above 0 with a model whose prior is unknown.
        """
        settings = self._own._replace(temperature=temperature, saturation=saturation)
        if tau is not None:
            settings = settings._replace(tau=tau)
        read_out.require(settings, self.model.target)
        return settings._replace(saturation=saturation * self._own.saturation)

    def cells(
        self,
        prediction: Prediction,
        temperature: float = bins.TEMPERATURE,
        tau: float | None = None,
    ) -> Float[np.ndarray, "i j 2"]:
        """Return the ab of the cells, as `render` reads them; its saturation plays no part."""
        settings = read_out.traced(self.settings(temperature, 1.0, tau))
        i, j = prediction.output.shape[:2]
        # Padded as the network's input was: few sizes are compiled.
        output = resize.pad(prediction.output, MULTIPLE // CELL)
        seen = resize.pad(prediction.seen, MULTIPLE)
        return np.asarray(self._cells(output, seen, settings))[:i, :j]

    def render(
        self,
        prediction: Prediction,
        temperature: float = bins.TEMPERATURE,
        saturation: float = 1.0,
        tau: float | None = None,
    ) -> UInt8[np.ndarray, "h w 3"]:
        """Colour the photograph of a prediction, at its own size.

        L is kept to the rounding of 8 bits: a colour that sRGB cannot show at its lightness loses
        chroma, not lightness. Besides the photograph and the result, memory takes one byte per
        pixel and a constant. Raises ValueError as `settings` does.

        Args:
            prediction: Prediction of `predict`.
            temperature: From 0 (vivid) to 1 (the mean, greyish): reads out the distribution.
            saturation: Multiplies ab, beside the model's own saturation.
            tau: Strength of the rebalancing of rare colours, at least 0; None is the model's own.
        """
        settings = read_out.traced(self.settings(temperature, saturation, tau))
        # Padded as the network's input was: few sizes are compiled.
        output = resize.pad(prediction.output, MULTIPLE // CELL)
        seen = resize.pad(prediction.seen, MULTIPLE)
        ab = self._pixel_ab(output, seen, settings)
        return paint(prediction.pixels, ab, _scale(prediction))

    def _prepare(self, prediction: Prediction) -> None:
        """Compile what `render` needs for a photograph whose output is not there yet."""
        h, w = resize.padded_size(*prediction.size, MULTIPLE)
        cells = (h // CELL, w // CELL, self.model.target.outputs)
        self._pixel_ab.prepare(
            jax.ShapeDtypeStruct(cells, np.float32),
            jax.ShapeDtypeStruct((h, w, *prediction.seen.shape[2:]), np.uint8),
            read_out.traced(self._own),
        )
        prepare(prediction.pixels.shape, (h, w), _scale(prediction))


def _scale(prediction: Prediction) -> Float[np.ndarray, "2"]:
    """Return how many pixels of a photograph a working pixel covers, along either axis."""
    return np.divide(prediction.pixels.shape[:2], prediction.size, dtype=np.float32)
