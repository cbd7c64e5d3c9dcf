"""Predictions for many photographs, those of one padded shape at a time."""

from collections.abc import Iterator, Sequence

import numpy as np

from cic_jax.colorize.colorizer import Colorizer
from cic_jax.colorize.prediction import Prediction
from cic_jax.convolutions import resolve
from cic_jax.images import resize
from cic_jax.inference import MULTIPLE

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
        h, w = resize.working_size(photo.shape[0], photo.shape[1], colorizer.size)
        seen = resize.reduce(photo, (h, w))
        groups.setdefault(resize.padded_size(h, w, MULTIPLE), []).append((place, seen))
    for group in groups.values():
        while group:
            count = min(together, 1 << (len(group).bit_length() - 1))
            part, group[:] = group[:count], group[count:]
            outputs = colorizer.runner.outputs([seen for _, seen in part], unify=unify)
            for (place, seen), output in zip(part, outputs, strict=True):
                yield place, Prediction(photos[place], output, seen)
