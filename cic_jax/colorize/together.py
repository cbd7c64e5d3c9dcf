"""Many pictures of one size, such as those of a film, through the network together."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from cic_jax import read_out
from cic_jax.colorize.hints import arrange
from cic_jax.colorize.prediction import pixels_of
from cic_jax.inference import MULTIPLE, Forward
from cic_jax.model import Model
from cic_jax.programs import Programs
from cic_jax.read_out import CELL
from cic_jax.read_out.unify import pool


class Together:
    """A network for pictures of one size, as it is to see them."""

    def __init__(
        self,
        model: Model,
        centers: Float[np.ndarray, "q 2"] | None,
        unify: float,
        forward: Forward,
    ) -> None:
        """Keep what is needed.

        Args:
            model: The model.
            centers: The bins that palettes are told in; None for a model that takes none.
            unify: The model's own.
            forward: The compiled network.
        """
        self._model, self._centers, self._unify = model, centers, unify
        self._forward = forward
        self._lightness = Programs(_lightness)

    def outputs(
        self,
        seen: UInt8[np.ndarray, "b v u 3"],
        palette: np.ndarray | None = None,
        unify: float | None = None,
    ) -> Float[np.ndarray, "b i j q"]:
        """Run the network; the other arguments, and what comes, are as in `Colorizer.predict`."""
        strength = self._unify if unify is None else unify
        if strength and self._model.target.centers is None:
            raise ValueError("expected a model over colour bins; this one predicts ab itself")
        edges = [(0, 0), *((0, -side % MULTIPLE) for side in seen.shape[1:3]), (0, 0)]
        L, means = map(np.asarray, self._lightness(np.pad(seen, edges, mode="edge")))
        palette = None if palette is None else pixels_of(palette)
        arranged = arrange((), palette, L[0], seen.shape[1:3], self._centers)
        if arranged is not None:
            arranged = jax.tree.map(lambda x: np.repeat(x, len(seen), axis=0), arranged)
        rows, columns = (-(-side // CELL) for side in seen.shape[1:3])
        answers = np.asarray(self._forward(L, arranged))[:, :rows, :columns]
        pairs = zip(answers, means[:, :rows, :columns], strict=True)
        return np.stack([pool(answer, mean, strength) for answer, mean in pairs])


def _lightness(
    seen: UInt8[Array, "b h w 3"],
) -> tuple[Float[Array, "b h w 1"], Float[Array, "b h/4 w/4"]]:
    L = jax.vmap(read_out.lightness)(seen)
    return L, jnp.squeeze(jax.vmap(read_out.means)(L), -1)
