"""A network that knows what it sees, and listens: a pretrained encoder, a small decoder, hints.

The encoder is EfficientNet-Lite0, which has learnt from 1.3 million photographs what things are;
the decoder goes from its features at an eighth of the steps back up to a quarter of the
resolution, with skips (Ronneberger et al., "U-Net", 2015). A global vector, pooled from the whole
photograph, is added at the bottom; hints join by attention at an eighth of the resolution.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax import convolutions, efficientnet
from cic_jax import hints as hint
from cic_jax.hints import Hints
from cic_jax.layers import NEAR_ZERO, Convolution, scale_channels

STRIDE = 32  # of the encoder's last features
BOTTOM = 256  # channels of the global vector and of the decoder's first level


class Level(NamedTuple):
    """One row of the decoder's table: twice the resolution, a skip, two 3x3 convolutions."""

    channels: int
    hints: bool = False  # the level's result asks the hints


LEVELS = (Level(192), Level(160, hints=True), Level(128))  # at strides 16, 8, 4


class Lite(nn.Module):
    """L 'b h w 1' in [0, 100], and hints -> float32 logits 'b ceil(h/4) ceil(w/4) outputs'.

    Any h and w: the lower and right edges are repeated up to a multiple of 32 and the output is
    cropped. `frozen` stops the gradient at the encoder's features. With `train=True` the decoder's
    normalisation uses the batch's statistics, as in `network.Network`, and a share `dropout` of the
    encoder's channels is left out, drawn for each photograph and stride (needs the random key
    `dropout`): a few thousand photographs are soon known by heart from all of them.
    """

    outputs: int = 313
    width: float = 1.0  # of the decoder
    dtype: DTypeLike = jnp.float32
    convolution: str = "auto"
    axis_name: str | None = None
    frozen: bool = True
    dropout: float = 0.0

    @nn.compact
    def __call__(
        self, L: Float[Array, "b h w 1"], train: bool = False, hints: Hints | None = None
    ) -> Float[Array, "b h4 w4 q"]:
        h, w = L.shape[1:3]
        conv = partial(Convolution, dtype=self.dtype, engine=self.convolution)
        if hints is None and self.is_initializing():
            hints = hint.none(len(L), 1, self.outputs)
        if hints is not None:
            share = jnp.array([h / (h + -h % STRIDE), w / (w + -w % STRIDE)])
            hints = hints._replace(place=hints.place * share)

        dropout = nn.Dropout(self.dropout, broadcast_dims=(1, 2), deterministic=not train)
        *features, x = map(dropout, self._encode(L))
        scaled = partial(scale_channels, width=self.width)
        pooled = self._pooled(jnp.mean(x.astype(jnp.float32), axis=(1, 2)), hints)
        x = self._normalised(conv(scaled(BOTTOM), size=1, name="bottom")(x), train, "bottom_norm")
        x = x + pooled[:, None, None].astype(x.dtype)
        for i, (row, skip) in enumerate(zip(LEVELS, reversed(features), strict=False), start=1):
            inputs = [convolutions.double_linearly(x), skip]
            if i == len(LEVELS):
                none = jnp.zeros((*skip.shape[:3], 3), self.dtype)
                known = none if hints is None else hint.cells(hints, *skip.shape[1:3])
                inputs.append(known.astype(self.dtype))
            x = jnp.concatenate(inputs, axis=-1)
            for j in (1, 2):
                name = f"level{i}_{j}"
                x = conv(scaled(row.channels), name=name)(x)
                x = self._normalised(x, train, f"{name}_norm")
            if row.hints and hints is not None:
                x = x + hint.Attention(self.convolution, name="attention")(x, hints)
        logits = conv(self.outputs, size=1, kernel_init=NEAR_ZERO, name="out")(x)
        return logits.astype(jnp.float32)[:, : -(-h // 4), : -(-w // 4)]

    def _encode(self, L: Float[Array, "b h w 1"]) -> list[Array]:
        """Compute the encoder's features at strides 4, 8, 16 and 32."""
        h, w = L.shape[1:3]
        x = (255 / 100 * L - efficientnet.MEAN) / efficientnet.SCALE
        x = jnp.pad(x, ((0, 0), (0, -h % STRIDE), (0, -w % STRIDE), (0, 0)), mode="edge")
        encoder = efficientnet.Encoder(0, self.dtype, self.convolution, name="encoder")
        features = encoder(x.astype(self.dtype))[1:]
        return jax.lax.stop_gradient(features) if self.frozen else features

    def _pooled(self, mean: Float[Array, "b c"], hints: Hints | None) -> Float[Array, "b d"]:
        """Compute the global vector from the pooled features and the palette asked for."""
        size = scale_channels(BOTTOM, self.width)
        x = nn.relu(nn.Dense(size, name="pooled1")(mean))
        x = nn.Dense(size, name="pooled2")(x)
        if hints is None:
            return x
        y = nn.relu(nn.Dense(size, use_bias=False, name="palette1")(hints.palette))
        return x + nn.Dense(size, use_bias=False, name="palette2")(y)

    def _normalised(self, x: Array, train: bool, name: str) -> Array:
        norm = nn.BatchNorm(
            use_running_average=not train,
            momentum=0.9,
            epsilon=1e-5,
            dtype=self.dtype,
            axis_name=self.axis_name,
            name=name,
        )
        return nn.relu(norm(x))
