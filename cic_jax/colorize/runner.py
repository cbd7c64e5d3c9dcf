"""The network's outputs for photographs as it is to see them, of one padded shape at a time."""

import threading
from collections.abc import Callable, Iterator, Sequence

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import inference, read_out
from cic_jax.colorize.hints import Hint, arrange, shapes
from cic_jax.colorize.prediction import Photograph, pixels_of
from cic_jax.haste import jit_soon
from cic_jax.hints import Hints, told
from cic_jax.images.resize import pad
from cic_jax.inference import MULTIPLE
from cic_jax.model import Model
from cic_jax.passes import Forward, Prepared
from cic_jax.programs import Programs
from cic_jax.read_out import CELL
from cic_jax.read_out.unify import pool


class Runner:
    """A model's network, and the unifying of things in its outputs."""

    def __init__(self, model: Model, unify: float, forward: Forward) -> None:
        """Keep a model, how much it unifies by itself, and its compiled network."""
        self._model, self._unify, self._forward = model, unify, forward
        target = model.target
        # What hints and palettes are told in.
        self._centers = target.centers if inference.takes_hints(model.network) else None

    @property
    def takes_hints(self) -> bool:
        """True if the network takes hints."""
        return self._centers is not None

    def outputs(
        self,
        seen: Sequence[UInt8[np.ndarray, "..."]] | UInt8[np.ndarray, "b v u *c"],
        palette: Photograph | None = None,
        unify: float | None = None,
    ) -> Iterator[Float[np.ndarray, "i j q"]]:
        """Run the network once for all; yield each one's output, its things unified.

        Raises ValueError for a palette to a network that takes none, and for things to be unified
        by a model that predicts ab itself.

        Args:
            seen: Photographs as the network is to see them, each 'v u' or 'v u 3'; padded, they are
                of one height and width.
            palette: Another photograph, whose colours all of them are to have.
            unify: Share of the mean over a thing, from 0 to 1; None is the model's own.
        """
        strength = self._unify if unify is None else unify
        if strength:
            require_bins(self._model)
        lightness, means = zip(*(_padded_lightness(pixels) for pixels in seen), strict=True)
        hints = self._arranged((), palette, lightness[0], seen[0])
        hints = jax.tree.map(lambda x: np.repeat(np.asarray(x), len(seen), axis=0), hints)
        outputs = np.asarray(self._forward(np.stack(lightness), hints))
        for pixels, output, mean in zip(seen, outputs, means, strict=True):
            shown = _cells_of(pixels)
            yield pool(output[shown], mean[shown], strength)

    def hinted(
        self,
        seen: UInt8[np.ndarray, "v u *c"],
        hints: Sequence[Hint],
        palette: Photograph | None,
        saturation: float,
    ) -> tuple[Float[np.ndarray, "i j q"], Float[np.ndarray, "k 2"]]:
        """Run the network with hints; return its output, and the colours that it was told.

        Raises ValueError for a network that takes none.

        Args:
            seen: A photograph as the network is to see it.
            hints: Colours at places, at least one.
            palette: As in `outputs`.
            saturation: What the colours read out of the output are multiplied by.
        """
        lightness, _ = _padded_lightness(seen)
        arranged = self._arranged(hints, palette, lightness, seen)
        assert arranged is not None  # a network without hints was refused
        arranged = told(arranged, saturation)
        (output,) = self._forward(lightness[None], arranged)
        return np.asarray(output)[_cells_of(seen)], np.asarray(arranged.ab[0])[: len(hints)]

    def _arranged(
        self,
        hints: Sequence[Hint],
        palette: Photograph | None,
        lightness: Float[np.ndarray, "h w 1"],
        seen: UInt8[np.ndarray, "v u *c"],
    ) -> Hints | None:
        colours = None if palette is None else pixels_of(palette)
        return arrange(hints, colours, lightness, seen.shape[:2], self._centers)

    def prepare(self, h: int, w: int, traced: Callable[[], None]) -> None:
        """Compile the network in a thread for one photograph, of that padded height and width.

        `traced` is called there as soon as nothing but XLA's work is left.
        """
        if not isinstance(self._forward, Prepared):
            return traced()
        L = jax.ShapeDtypeStruct((1, h, w, 1), np.float32)
        arguments = L, shapes(self._centers), traced
        threading.Thread(target=self._forward.prepare, args=arguments).start()
        return None


def require_bins(model: Model) -> None:
    """Raise ValueError for a model that predicts ab itself."""
    if model.target.centers is None:
        raise ValueError("expected a model over colour bins; this one predicts ab itself")


def _padded_lightness(
    seen: UInt8[np.ndarray, "v u *c"],
) -> tuple[Float[np.ndarray, "h w 1"], Float[np.ndarray, "h/4 w/4"]]:
    """Return the lightness of a photograph padded for the network, and its means over cells."""
    L, means = map(np.asarray, _lightness(pad(seen, MULTIPLE)))
    return L, means


def _lightness_and_means(
    seen: UInt8[Array, "h w *c"],
) -> tuple[Float[Array, "h w 1"], Float[Array, "h/4 w/4"]]:
    L = read_out.lightness(seen)
    return L, read_out.means(L)[..., 0]


_lightness = Programs(_lightness_and_means, jit=jit_soon, name="lightness")


def _cells_of(seen: UInt8[np.ndarray, "v u *c"]) -> tuple[slice, slice]:
    """Return the part of an output that is the photograph; the rest is padding."""
    h, w = seen.shape[:2]
    return slice(-(-h // CELL)), slice(-(-w // CELL))
