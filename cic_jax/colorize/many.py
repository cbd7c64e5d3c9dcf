"""Predictions for many photographs, those of one padded shape at a time."""

from collections.abc import Iterator, Sequence

import jax
import numpy as np

from cic_jax.colorize.colorizer import Colorizer
from cic_jax.colorize.hints import arrange
from cic_jax.colorize.prediction import Prediction
from cic_jax.convolutions import resolve
from cic_jax.images import resize
from cic_jax.inference import MULTIPLE
from cic_jax.read_out import CELL
from cic_jax.read_out.unify import pool

TOGETHER = 32  # photographs at most that an accelerator computes at a time


def predict(
    colorizer: Colorizer,
    photos: Sequence[np.ndarray],
    unify: float | None = None,
    together: int | None = None,
) -> Iterator[tuple[int, Prediction]]:
    """Yield each photograph's place in `photos` and its prediction, as `Colorizer.predict` makes.

    Those whose padded shapes are the same go through the network together, in groups of 1, 2, 4 and
    so on up to `together`: few programs are compiled. None is one at a time on a CPU, whose core is
    full with one, and up to `TOGETHER` elsewhere. `photos` are uint8 'h w' or 'h w 3'.
    """
    if together is None:
        together = 1 if resolve("auto") == "fast" else TOGETHER
    if together == 1:
        for place, photo in enumerate(photos):
            yield place, colorizer.predict(photo, unify=unify)
        return
    groups: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}
    for place, photo in enumerate(photos):
        h, w = photo.shape[:2]
        seen = resize.reduce(photo, resize.working_size(h, w, colorizer.size))
        groups.setdefault(resize.pad(seen, MULTIPLE).shape[:2], []).append((place, seen))
    for group in groups.values():
        while group:
            count = min(together, 1 << (len(group).bit_length() - 1))
            part, group[:] = group[:count], group[count:]
            outputs = _outputs(colorizer, [seen for _, seen in part], unify)
            for (place, seen), output in zip(part, outputs, strict=True):
                yield place, Prediction(photos[place], output, seen)


def _outputs(
    colorizer: Colorizer, seen: list[np.ndarray], unify: float | None
) -> Iterator[np.ndarray]:
    """Yield the network's outputs for photographs of one padded shape."""
    strength = colorizer.unify if unify is None else unify
    if strength:
        colorizer._require_bins()
    lightness, means, hints = [], [], []
    for pixels in seen:
        L, mean = map(np.asarray, colorizer._lightness(resize.pad(pixels, MULTIPLE)))
        lightness.append(L)
        means.append(mean)
        hints.append(arrange((), None, L, pixels.shape[:2], colorizer._centers))
    told = None if hints[0] is None else jax.tree.map(lambda *x: np.concatenate(x), *hints)
    outputs = np.asarray(colorizer._forward(np.stack(lightness), told))
    for pixels, output, mean in zip(seen, outputs, means, strict=True):
        h, w = (-(-side // CELL) for side in pixels.shape[:2])
        yield pool(output[:h, :w], mean[:h, :w], strength)
