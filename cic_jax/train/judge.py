"""The judge of colourings: EfficientNet-Lite2, a classifier trained on ImageNet."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from cic_jax import efficientnet, read_out, semantics
from cic_jax.train import bootstrap, initialise
from cic_jax.train.sample import Cells, Sample, batches

NUMBER = 2
NAME = f"EfficientNet-Lite{NUMBER}"
SIDE = efficientnet.SIDES[NUMBER]  # of the photographs that it sees
FEWEST = 700  # photographs of a Frechet distance


class Verdicts(NamedTuple):
    """What the judge makes of photographs."""

    top: Int[np.ndarray, " n"]  # index of the first choice among ImageNet's 1000 classes
    features: Float[np.ndarray, "n d"]  # pooled, before the last layer


Look = Callable[[UInt8[np.ndarray, "n h w 3"]], Verdicts]


def load() -> Look:
    """Return the judge: 8-bit photographs -> its verdicts.

    It sees them at 260 x 260 pixels, as in its training: at other sizes its strided convolutions
    stand elsewhere than PyTorch's, whose padding is that for 260.

    Raises WeightsError if the package of its weights, the extra `perceptual`, is absent.
    """
    state = initialise.package_weights(NUMBER)
    params = efficientnet.from_torch(state, NUMBER, grey=False)
    weights, bias = efficientnet.classifier(state)
    step = jax.jit(partial(_look, jax.device_put(params), weights, bias))

    def look(photos):
        parts = [
            [np.asarray(x)[:count] for x in step(photos[rows])]
            for rows, count in batches(np.arange(len(photos)))
        ]
        top, features = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Verdicts(top, features)

    return look


def _look(
    params: Any,
    weights: Float[np.ndarray, "c k"],
    bias: Float[np.ndarray, " k"],
    photos: UInt8[Array, "b h w 3"],
) -> tuple[Int[Array, " b"], Float[Array, "b c"]]:
    shape = (len(photos), SIDE, SIDE, 3)
    pixels = jax.image.resize(photos.astype(jnp.float32), shape, "linear")
    x = (pixels - efficientnet.MEAN) / efficientnet.SCALE
    maps: Any = efficientnet.Encoder(NUMBER).apply({"params": params}, x)
    features = jnp.mean(maps[-1], axis=(1, 2))
    return jnp.argmax(features @ weights + bias, axis=-1), features


def assess(
    look: Look, sample: Sample, pictures: Mapping[str, UInt8[np.ndarray, "n s s 3"]]
) -> dict[str, Any]:
    """Judge several colourings of the same photographs: a summary for JSON.

    By colouring it has the `agreement` of the first choices with those on the true photographs, its
    mean and interval by group, and the `frechet_distance` of the pooled features over all
    photographs, None where they are fewer than `FEWEST`.
    """
    truth = look(sample.photo)
    enough = len(sample.names) >= FEWEST
    colourings = {}
    for name, photos in pictures.items():
        verdicts = look(photos)
        agrees = semantics.agreement(truth.top, verdicts.top)
        distance = semantics.frechet_distance(truth.features, verdicts.features) if enough else None
        colourings[name] = {
            "agreement": {
                group: bootstrap.interval(agrees[None, sample.rows(group)])
                for group in sample.group_names()
            },
            "frechet_distance": distance,
        }
    return {"judge": NAME, "photographs": len(sample.names), "colourings": colourings}


def coloured(sample: Sample, cell_ab: Cells, saturation: float) -> UInt8[np.ndarray, "n s s 3"]:
    """Colour the photographs of a sample as a user sees them; saturation 0 leaves them grey."""
    return np.stack(
        [
            np.asarray(_coloured(photo, cells, saturation))
            for photo, cells in zip(sample.photo, cell_ab, strict=True)
        ]
    )


@jax.jit
def _coloured(photo, cell_ab, saturation):
    L = read_out.lightness(photo)
    return read_out.render(L, saturation * read_out.follow(cell_ab, L))
