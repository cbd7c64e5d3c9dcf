"""Colouring of photographs of any size by a trained model; lightness is kept."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from cic_jax import bins, checkpoint, machine
from cic_jax.colorize import candidates
from cic_jax.colorize.hints import Hint
from cic_jax.colorize.prediction import Photograph, Prediction, is_batch, pixels_of
from cic_jax.colorize.predictor import Predictor
from cic_jax.colorize.runner import require_bins
from cic_jax.export import session
from cic_jax.model import Model


class Colorizer(Predictor):
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

    def __repr__(self) -> str:
        """Name the model, and the short side at which it looks."""
        return f"Colorizer({self.model!r}, size={self.size})"

    @classmethod
    def restore(
        cls,
        path: str | Path,
        size: int = 256,
        photographs: int = 1,
        precision: str = "auto",
        **own: Any,
    ) -> "Colorizer":
        """Restore an exported model, a training run or the name of a released checkpoint.

        What `cic-jax export` writes, a file *.onnx or the folder of a model.onnx, is run by ONNX
        Runtime, in its own precision.
        `size`, `photographs` and `precision` are as in the constructor. A model built by functions
        of your own needs them in `own`: `build_network`, `build_target` or `factories`, as in
        `checkpoint.load`. Compiled
        programs are kept in `machine.COMPILED` for later processes, unless JAX keeps them
        elsewhere. Raises CheckpointError if there is no such model.
        """
        if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
            machine.keep_compiled()
        if (file := session.found(path)) is not None:
            if precision == "bfloat16":
                raise checkpoint.CheckpointError(f"{path} runs in its own precision, not bfloat16")
            model, forward = session.load(file, **own)
            return cls(model, size, photographs, forward, _name(model))
        model = checkpoint.load(path, **own)
        return cls(model, size, photographs, name=_name(model), precision=precision)

    @overload
    def __call__(
        self,
        photo: Photograph,
        temperature: float = ...,
        saturation: float = ...,
        hints: Sequence[Hint | str] = ...,
        tau: float | None = ...,
    ) -> UInt8[np.ndarray, "*b h w 3"]: ...

    @overload
    def __call__(
        self,
        photo: list[Any] | tuple[Any, ...],
        temperature: float = ...,
        saturation: float = ...,
        hints: Sequence[Hint | str] = ...,
        tau: float | None = ...,
    ) -> list[UInt8[np.ndarray, "h w 3"]]: ...

    def __call__(
        self,
        photo: Any,
        temperature: float = bins.TEMPERATURE,
        saturation: float = 1.0,
        hints: Sequence[Hint | str] = (),
        tau: float | None = None,
    ) -> Any:
        """Colour a photograph of any size: uint8 'h w' or 'h w 3', a Pillow image, or a file.

        Of several, an array 'b h w 3' or a list, it colours one after the other, and returns an
        array or a list. `hints`, for one photograph alone, are as in `predict`, the other arguments
        as in `render`. Raises ValueError for other arrays, and PhotoError for a file that is no
        photograph.
        """
        self.settings(temperature, saturation, tau)  # refused before the network runs
        if not is_batch(photo):
            return self.render(self.predict(photo, hints), temperature, saturation, tau)
        if hints:
            raise ValueError("hints: expected one photograph, got several: colour them one by one")
        listed = isinstance(photo, list | tuple)
        photos = photo if listed else np.asarray(photo)
        pixels = [pixels_of(one) for one in photos]  # all are checked before the first is coloured
        coloured = [self(one, temperature, saturation, (), tau) for one in pixels]
        return coloured if listed else np.array(coloured, np.uint8).reshape(photos.shape)

    def candidates(
        self,
        photo: Photograph | Prediction,
        count: int = 4,
        temperature: float = bins.TEMPERATURE,
        saturation: float = 1.0,
        spread: float = 0.5,
        tau: float | None = None,
    ) -> list[UInt8[np.ndarray, "h w 3"]]:
        """Colour a photograph in several ways; the first is the ordinary one.

        They differ where the network is in doubt, coherently over the photograph; none is drawn at
        random. Raises ValueError as `distribution` does, and for `count` < 1 or `spread` < 0.

        Args:
            photo: Photograph as for `predict`, or its prediction.
            count: Number of colourings.
            temperature: As in `render`.
            saturation: As in `render`.
            spread: How far they differ, at least 0; see `cic_jax.colorize.candidates`.
            tau: As in `render`.
        """
        prediction = photo if isinstance(photo, Prediction) else self.predict(photo)
        alternatives = self.alternatives(prediction, count, spread)
        return [
            self.render(prediction, temperature, saturation, tau) for prediction in alternatives
        ]

    def alternatives(
        self, prediction: Prediction, count: int = 4, spread: float = 0.5
    ) -> list[Prediction]:
        """Predict the alternatives that `candidates` renders."""
        p = self.distribution(prediction)
        tilts = candidates.tilts(p, np.asarray(self.model.target.centers), count, spread)
        return [prediction._replace(output=prediction.output + tilt) for tilt in tilts]

    def distribution(self, photo: Photograph | Prediction) -> Float[np.ndarray, "i j q"]:
        """Compute the probabilities of the bins, at a quarter of the working size, rounded up.

        Raises ValueError for a model that predicts ab itself.
        """
        require_bins(self.model)
        prediction = photo if isinstance(photo, Prediction) else self.predict(photo)
        return np.asarray(bins.distribution(jnp.asarray(prediction.output)))


def _name(model: Model) -> str | None:
    """Tell a model apart by its description; None for one that functions of the user's own built.

    Whose code may change, while its name stays.
    """
    about = {key: value for key, value in model.description.items() if key != "metrics"}
    return None if about.get("factories") else json.dumps(about, sort_keys=True)
