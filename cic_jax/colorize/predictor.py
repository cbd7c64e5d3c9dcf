"""Running a model's network on photographs, one at a time."""

import threading
from collections.abc import Sequence

import numpy as np

from cic_jax import inference
from cic_jax.colorize import paint
from cic_jax.colorize.hints import Hint, placed
from cic_jax.colorize.prediction import Photograph, Prediction, pixels_of
from cic_jax.colorize.reader import Reader
from cic_jax.colorize.runner import Runner
from cic_jax.images import resize
from cic_jax.inference import MULTIPLE
from cic_jax.model import Model
from cic_jax.passes import Forward
from cic_jax.read_out.unify import prepare_segments


class Predictor(Reader):
    """The half of a `Colorizer` that runs the network: from photographs to predictions."""

    def __init__(
        self,
        model: Model,
        size: int = 256,
        photographs: int = 1,
        forward: Forward | None = None,
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
        self._own_forward, self._name = forward, name
        self._together: Runner | None = None
        if precision == "auto" and self.unify > 0:
            precision = "float32"
        self._precision = precision
        quick = forward or inference.immediate(
            model.network, model.variables, photographs, name, precision
        )
        self.runner = Runner(model, self.unify, quick)

    @property
    def takes_hints(self) -> bool:
        """True if the model takes hints."""
        return self.runner.takes_hints

    def predict(
        self,
        photo: Photograph,
        hints: Sequence[Hint | str] = (),
        palette: np.ndarray | None = None,
        unify: float | None = None,
        size: int | None = None,
    ) -> Prediction:
        """Run the network on a photograph; its aspect is kept.

        Raises ValueError for other arrays, hints to a network that takes none, and things to be
        unified by a model that predicts ab itself; PhotoError for a file that is no photograph.

        Args:
            photo: uint8 'h w' or 'h w 3', a Pillow image, or the name of a file.
            hints: Colours at places: `Hint`s, or texts as '340,210,darkred' with places in pixels.
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
        hints: Sequence[Hint | str] = (),
        palette: np.ndarray | None = None,
        unify: float | None = None,
    ) -> Prediction:
        """Run the network on a photograph again, with other hints, as `predict` does."""
        height, width = prediction.pixels.shape[:2]
        given = placed(hints, width, height)
        self._prepare_beside(prediction)
        (without,) = self.runner.outputs([prediction.seen], palette, unify)
        if not given:
            return prediction._replace(output=without)
        from cic_jax.read_out.extent import merge  # which loads SciPy

        def cells(output: np.ndarray) -> np.ndarray:
            return self.cells(prediction._replace(output=output))

        saturation = float(self._own.saturation)
        output, asked = self.runner.hinted(prediction.seen, given, palette, saturation)
        place = np.array([(hint.y, hint.x) for hint in given])
        return prediction._replace(output=merge(without, output, asked, place, cells))

    def _prepare_beside(self, prediction: Prediction) -> None:
        """Compile the programs for a photograph in threads, if it is the first of its shape."""
        seen = resize.padded_size(*prediction.size, MULTIPLE)
        tile = paint.tile_shape(*prediction.pixels.shape[:2])
        shape = *seen, *prediction.seen.shape[2:], *tile
        if shape in self._prepared:
            return
        self._prepared.add(shape)

        def others() -> None:
            # Waited for at the end of the process: ended within XLA, they would end in an abort.
            if self.unify:
                threading.Thread(target=prepare_segments).start()  # which loads libraries
            threading.Thread(target=self._prepare, args=(prediction,)).start()

        # One thread at a time runs Python, and the network's way to the first result is longest.
        self.runner.prepare(*seen, others)

    def together(self, photographs: int) -> Runner:
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
            self._together = Runner(self.model, self.unify, forward)
        return self._together
