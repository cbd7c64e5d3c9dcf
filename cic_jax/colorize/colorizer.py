"""Colouring of photographs of any size by a trained model; lightness is kept."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from cic_jax import bins, checkpoint, inference, machine
from cic_jax.colorize import candidates, paint
from cic_jax.colorize.hints import Hint, arrange, shapes
from cic_jax.colorize.prediction import Photograph, Prediction, is_batch, pixels_of
from cic_jax.colorize.reader import Reader
from cic_jax.colorize.together import Together
from cic_jax.export import session
from cic_jax.hints import told
from cic_jax.images import resize
from cic_jax.inference import MULTIPLE
from cic_jax.model import Model
from cic_jax.read_out import CELL
from cic_jax.read_out.unify import pool, prepare_segments


class Colorizer(Reader):
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

    def __init__(
        self,
        model: Model,
        size: int = 256,
        photographs: int = 1,
        forward: inference.Forward | None = None,
        name: str | None = None,
        precision: str = "auto",
    ) -> None:
        """Compile a model for photographs with a short side reduced (or enlarged) to `size` pixels.

        `photographs` is the number expected; if it is large, faster kernels are loaded for those
        shapes that many of them have. `forward` computes the network's output in place of the
        compiled network. Raises ValueError for a size below 8, and for another precision.

        Args:
            model: As `checkpoint.load` returns it.
            size: As above.
            photographs: As above.
            forward: As above.
            name: Tells all models apart whose programs are kept for later processes, as `restore`
                keeps them; None keeps them in this one alone.
            precision: 'float32', 'bfloat16' or 'auto': of the numbers that the network multiplies.
                'auto' is float32 for a model that unifies things, where a small difference may join
                other cells; for others bfloat16, where the processor has it.
        """
        if size < 8:
            raise ValueError(f"size: expected at least 8 pixels, got {size}")

        super().__init__(model, name)
        self.size = size
        self._prepared: set[tuple[int, ...]] = set()  # shapes for which programs were compiled
        if self.unify:  # loads libraries, while the network is loaded and run
            threading.Thread(target=prepare_segments).start()
        self._own_forward, self._name = forward, name
        self._together: Together | None = None
        if precision == "auto" and self.unify > 0:
            precision = "float32"
        self._precision = precision
        self._forward = forward or inference.immediate(
            model.network, model.variables, photographs, name, precision
        )

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

        A file *.onnx, as `cic-jax export` writes it, is run by ONNX Runtime, in its own precision.
        `size`, `photographs` and `precision` are as in the constructor. A model built by functions
        of your own needs them in `own`: `build_network`, `build_target` or `factories`, as in
        `checkpoint.load`. Compiled
        programs are kept in `machine.COMPILED` for later processes, unless JAX keeps them
        elsewhere. Raises CheckpointError if there is no such model.
        """
        if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
            machine.keep_compiled()
        if Path(path).suffix == session.SUFFIX:
            if precision == "bfloat16":
                raise checkpoint.CheckpointError(f"{path} runs in its own precision, not bfloat16")
            model, forward = session.load(path, **own)
            return cls(model, size, photographs, forward, _name(model))
        model = checkpoint.load(path, **own)
        return cls(model, size, photographs, name=_name(model), precision=precision)

    @overload
    def __call__(
        self,
        photo: Photograph,
        temperature: float = ...,
        saturation: float = ...,
        hints: Sequence[Hint] = ...,
        tau: float | None = ...,
    ) -> UInt8[np.ndarray, "*b h w 3"]: ...

    @overload
    def __call__(
        self,
        photo: list[Any] | tuple[Any, ...],
        temperature: float = ...,
        saturation: float = ...,
        hints: Sequence[Hint] = ...,
        tau: float | None = ...,
    ) -> list[UInt8[np.ndarray, "h w 3"]]: ...

    def __call__(
        self,
        photo: Any,
        temperature: float = bins.TEMPERATURE,
        saturation: float = 1.0,
        hints: Sequence[Hint] = (),
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
        pixels = [pixels_of(one) for one in photo]  # all are checked before the first is coloured
        coloured = [self(one, temperature, saturation, (), tau) for one in pixels]
        if isinstance(photo, np.ndarray):
            return np.array(coloured, np.uint8).reshape(photo.shape)
        return coloured

    @property
    def takes_hints(self) -> bool:
        """True if the model takes hints."""
        bins_predicted = self.model.target.centers is not None
        return bins_predicted and inference.takes_hints(self.model.network)

    @property
    def _centers(self) -> Float[np.ndarray, "q 2"] | None:
        """The bins that hints and palettes are told in; None for a model that takes none."""
        return self.model.target.centers if self.takes_hints else None

    def predict(
        self,
        photo: Photograph,
        hints: Sequence[Hint] = (),
        palette: np.ndarray | None = None,
        unify: float | None = None,
        size: int | None = None,
    ) -> Prediction:
        """Run the network on a photograph; its aspect is kept.

        Raises ValueError for other arrays, hints to a network that takes none, and things to be
        unified by a model that predicts ab itself; PhotoError for a file that is no photograph.

        Args:
            photo: uint8 'h w' or 'h w 3', a Pillow image, or the name of a file.
            hints: Colours at places.
            palette: Another photograph, uint8 'h w 3', whose colours the whole is to have.
            unify: How much each thing shares one distribution, from 0 to 1; None is the model's
                own. What hints reach takes their colours instead. See `cic_jax.read_out.unify`.
            size: Short side, in pixels, at which the network looks; None is the colorizer's own.
        """
        pixels = pixels_of(photo)
        working = resize.working_size(pixels.shape[0], pixels.shape[1], size or self.size)
        seen = resize.reduce(pixels, working)
        nothing = np.empty((0, 0, 0), np.float32)
        return self.hinted(Prediction(pixels, nothing, seen), hints, palette, unify)

    def hinted(
        self,
        prediction: Prediction,
        hints: Sequence[Hint] = (),
        palette: np.ndarray | None = None,
        unify: float | None = None,
    ) -> Prediction:
        """Run the network on a photograph again, with other hints, as `predict` does."""
        strength = self.unify if unify is None else unify
        if strength:
            self._require_bins()
        seen = resize.pad(prediction.seen, MULTIPLE)
        self._prepare_beside(prediction, seen.shape)
        lightness, means = map(np.asarray, self._lightness(seen))
        palette = None if palette is None else pixels_of(palette)
        shown = slice(-(-prediction.size[0] // CELL)), slice(-(-prediction.size[1] // CELL))

        def output(hints: Sequence[Hint]) -> tuple[np.ndarray, np.ndarray]:
            """Run the network; return its output and the colours that it was told."""
            arranged = arrange(hints, palette, lightness, prediction.size, self._centers)
            asked = np.empty((0, 2))
            if hints and arranged is not None:
                arranged = told(arranged, float(self._own.saturation))
                asked = np.asarray(arranged.ab[0])
            (output,) = self._forward(lightness[None], arranged)
            return np.asarray(output)[shown], asked[: len(hints)]

        def cells(output: np.ndarray) -> np.ndarray:
            return self.cells(prediction._replace(output=output))

        without = pool(output(())[0], means[shown], strength)
        if not hints:
            return prediction._replace(output=without)
        from cic_jax.read_out.extent import merge  # which loads SciPy

        place = np.array([(hint.y, hint.x) for hint in hints])
        merged = merge(without, *output(hints), place, cells)
        return prediction._replace(output=merged)

    def _prepare_beside(self, prediction: Prediction, seen: tuple[int, ...]) -> None:
        """Compile the programs for a photograph in threads, if it is the first of its shape."""
        shape = *seen, *paint.tile_shape(*prediction.pixels.shape[:2])
        if shape in self._prepared:
            return
        self._prepared.add(shape)
        # Waited for at the end of the process: ended within XLA, it would end in an abort.
        threading.Thread(target=self._prepare, args=(prediction,)).start()
        if isinstance(self._forward, inference.Prepared):
            hints = shapes(self._centers)
            L = jax.ShapeDtypeStruct((1, *seen[:2], 1), np.float32)
            threading.Thread(target=self._forward.prepare, args=(L, hints)).start()

    def together(self, photographs: int) -> Together:
        """Return the network for so many pictures of one size, such as those of a film.

        One program serves all of them, so that a picture's output is the same to the bit whenever
        it is asked for.
        """
        if self._together is None:
            forward = self._own_forward or inference.compiled(
                self.model.network,
                self.model.variables,
                photographs,
                self._name,
                self._precision,
            )
            self._together = Together(self.model, self._centers, self.unify, forward)
        return self._together

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
        self._require_bins()
        prediction = photo if isinstance(photo, Prediction) else self.predict(photo)
        return np.asarray(bins.distribution(jnp.asarray(prediction.output)))


def _name(model: Model) -> str | None:
    """Tell a model apart by its description; None for one that functions of the user's own built.

    Whose code may change, while its name stays.
    """
    about = {key: value for key, value in model.description.items() if key != "metrics"}
    return None if about.get("factories") else json.dumps(about, sort_keys=True)
