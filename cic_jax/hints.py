"""What the user knows: colours at places, or the colours of the whole photograph.

Hints are a set, which every cell of the features asks by attention (Vaswani et al., 2017): a colour
reaches what looks alike, wherever it is. Zhang et al., "Real-Time User-Guided Image Colorization
with Learned Deep Priors", 2017, put hints in a plane beside the lightness instead.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from cic_jax.layers import Convolution
from cic_jax.loss import AB_SCALE

HEADS, DEPTH = 4, 32
FAR = 3.0  # scale of the distances' weight; a side of the photograph is 1


class Hints(NamedTuple):
    """Colours that are known about each photograph of a batch; zeros where nothing is.

    All photographs have room for `k` places; `given` is 1 for those that count.
    """

    place: Float[Array, "b k 2"]  # y and x as shares of the height and width
    ab: Float[Array, "b k 2"]  # in CIELAB units
    given: Float[Array, "b k"]
    palette: Float[Array, "b q"]  # shares of the colour bins in the photograph; 0 for unknown


def none(photographs: int, places: int, bins: int) -> Hints:
    """Return hints that say nothing."""
    shapes = ((places, 2), (places, 2), (places,), (bins,))
    # From the host: zeros made on the device are a program to compile.
    return Hints(*(jax.device_put(np.zeros((photographs, *s), np.float32)) for s in shapes))


def told(hints: Hints, saturation: float) -> Hints:
    """Return the hints to tell a network whose colours are multiplied by `saturation` afterwards.

    The colours asked for then come out as they are asked for.
    """
    return hints._replace(ab=hints.ab / saturation) if saturation else hints


class Attention(nn.Module):
    """Colours of the hints at each cell of x, as far as the cell belongs with the hints' cells.

    A cell can also choose none of the hints, which adds nothing: without hints the result is 0.
    Heads differ in how much they mind the distance between a cell and a hint.
    """

    engine: str = "auto"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"], hints: Hints) -> Float[Array, "b h w c"]:
        b, h, w, c = x.shape
        values = x.astype(jnp.float32)
        query = Convolution(HEADS * DEPTH, size=1, engine=self.engine, name="query")(values)
        query = query.reshape(b, h * w, HEADS, DEPTH) / DEPTH**0.5
        known = jnp.concatenate([hints.ab / AB_SCALE, hints.given[..., None]], axis=-1)
        split = (b, -1, HEADS, DEPTH)
        key = nn.Dense(HEADS * DEPTH, name="key")(_sample(values, hints.place)).reshape(split)
        value = nn.relu(nn.Dense(64, name="value1")(known))
        value = nn.Dense(HEADS * DEPTH, name="value2")(value).reshape(split)
        nobody = self.param("nobody", nn.initializers.normal(0.1), (HEADS, DEPTH))
        near = self.param("near", lambda _: jnp.arange(float(HEADS)))

        score = jnp.einsum("bphd,bkhd->bhpk", query, key)
        far = FAR * nn.softplus(near)[:, None, None] * _distances(hints.place, h, w)[:, None]
        score = jnp.where(hints.given[:, None, None] > 0, score - far, -1e9)
        escape = jnp.einsum("bphd,hd->bhp", query, nobody)[..., None]
        weight = jax.nn.softmax(jnp.concatenate([score, escape], axis=-1), axis=-1)[..., :-1]
        answer = jnp.einsum("bhpk,bkhd->bphd", weight, value).reshape(b, h, w, -1)
        kernel = self.param("answer", nn.initializers.lecun_normal(), (HEADS * DEPTH, c))
        return (answer @ kernel).astype(x.dtype)  # without bias: no hints, no answer


def cells(hints: Hints, h: int, w: int) -> Float[Array, "b h w 3"]:
    """Lay the hints out over h x w cells: ab / 110 and 1 in the cells with hints, else 0."""
    inside = hints.given[..., None] * _one_hot(hints.place[..., 0], h)
    across = _one_hot(hints.place[..., 1], w)
    known = jnp.concatenate([hints.ab / AB_SCALE, jnp.ones_like(hints.ab[..., :1])], axis=-1)
    total = jnp.einsum("bkh,bkw,bkc->bhwc", inside, across, known)
    return total / jnp.maximum(total[..., 2:], 1.0)


def _one_hot(share: Float[Array, "b k"], cells: int) -> Float[Array, "b k n"]:
    cell = jnp.clip(jnp.floor(share * cells), 0, cells - 1)
    return (cell[..., None] == jnp.arange(cells)).astype(jnp.float32)


def _sample(x: Float[Array, "b h w c"], place: Float[Array, "b k 2"]) -> Float[Array, "b k c"]:
    """Interpolate x bilinearly at places; a product with few weights, so that it has a gradient."""

    def weights(share, n):
        centre = jnp.clip(share * n - 0.5, 0, n - 1)
        return nn.relu(1 - jnp.abs(centre[..., None] - jnp.arange(n)))

    rows, columns = weights(place[..., 0], x.shape[1]), weights(place[..., 1], x.shape[2])
    return jnp.einsum("bkh,bkw,bhwc->bkc", rows, columns, x)


def _distances(place: Float[Array, "b k 2"], h: int, w: int) -> Float[Array, "b p k"]:
    """Compute the distance of every cell's centre from every place, in sides of the photograph."""
    y, x = jnp.meshgrid((jnp.arange(h) + 0.5) / h, (jnp.arange(w) + 0.5) / w, indexing="ij")
    centres = jnp.stack([y.ravel(), x.ravel()], axis=-1)
    squares = jnp.sum((centres[None, :, None] - place[:, None]) ** 2, axis=-1)
    return jnp.sqrt(squares + 1e-12)
