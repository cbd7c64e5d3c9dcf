"""The network `lite` in PyTorch, without hints, layer by layer under the names of its variables."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from cic_jax.benchmark.torch_networks import CHANNELS_LAST, tensors

Stages = Sequence[tuple[int, int, int, int, int]]


class InvertedResidual(nn.Module):
    """Widen, look around, narrow; x is added where it fits."""

    def __init__(self, before: int, channels: int, size: int, stride: int, expansion: int) -> None:
        """Build the layers of one inverted residual."""
        super().__init__()
        wide = expansion * before
        self.expand = nn.Conv2d(before, wide, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(wide, wide, size, stride, groups=wide)
        self.project = nn.Conv2d(wide, channels, 1)
        self.added = stride == 1 and before == channels

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers."""
        y = x if self.expand is None else nn.functional.relu6(self.expand(x))
        y = nn.functional.relu6(self.depthwise(_same(y, self.depthwise)))
        y = self.project(y)
        return x + y if self.added else y


class Encoder(nn.Module):
    """EfficientNet-Lite0 for one channel: features at strides 4, 8, 16 and 32."""

    def __init__(self, stages: Stages, stem: int, head: int) -> None:
        """Build the stages of a table: (repeats, channels, size, stride, expansion)."""
        super().__init__()
        self.stem = nn.Conv2d(1, stem, 3, 2)
        channels, self.rows = stem, []
        for i, (repeats, after, size, stride, expansion) in enumerate(stages, start=1):
            for j in range(1, repeats + 1):
                block = InvertedResidual(channels, after, size, stride if j == 1 else 1, expansion)
                self.add_module(f"stage{i}_{j}", block)
                self.rows.append((f"stage{i}_{j}", stride if j == 1 else 1))
                channels = after
        self.head = nn.Conv2d(channels, head, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Compute the features."""
        features = []
        x = nn.functional.relu6(self.stem(_same(x, self.stem)))
        for name, stride in self.rows:
            if stride > 1:
                features.append(x)
            x = self.get_submodule(name)(x)
        return [*features[1:], nn.functional.relu6(self.head(x))]


class Lite(nn.Module):
    """L 'b 1 h w' in [0, 100] -> logits 'b q h/4 w/4'; h and w are multiples of 32."""

    def __init__(self, stages: Stages, state: dict[str, Tensor]) -> None:
        """Build an encoder of a table, and the decoder's layers for the tensors of `state`."""
        super().__init__()
        stem, head = (len(state[f"encoder.{x}.bias"]) for x in ("stem", "head"))
        self.encoder = Encoder(stages, stem, head)
        decoder = [x.removesuffix(".weight") for x in state if x.endswith(".weight")]
        for name in decoder:
            if not name.startswith("encoder."):
                self.add_module(name, _layer(state[f"{name}.weight"]))
        self.levels = sorted(
            x.removesuffix("_1") for x in decoder if x.startswith("level") and x.endswith("_1")
        )

    def forward(self, lightness: Tensor) -> Tensor:
        """Compute the logits."""
        x = (lightness * (255 / 100) - 127) / 128
        *features, x = self.encoder(x)
        pooled = self._layer_of("pooled2", torch.relu(self._layer_of("pooled1", x.mean((2, 3)))))
        x = self._normalised("bottom", x) + pooled[:, :, None, None]
        for level, skip in zip(self.levels, reversed(features), strict=True):
            inputs = [interpolate(x, scale_factor=2, mode="bilinear"), skip]
            if level == self.levels[-1]:
                inputs.append(torch.zeros_like(skip[:, :3]))
            x = torch.cat(inputs, 1)
            for j in (1, 2):
                x = self._normalised(f"{level}_{j}", x)
        return self._layer_of("out", x)

    def _layer_of(self, name: str, x: Tensor) -> Tensor:
        return self.get_submodule(name)(x)

    def _normalised(self, name: str, x: Tensor) -> Tensor:
        return torch.relu(self._layer_of(f"{name}_norm", self._layer_of(name, x)))


class Weights(NamedTuple):
    """The encoder's table, and parameters and statistics under the names of `Lite`."""

    stages: list[tuple[int, int, int, int, int]]
    state: dict[str, Tensor]

    @classmethod
    def of(cls, stages: Stages, variables: dict[str, Any]):
        """Convert Flax variables; those of hints, which are not given, are left out."""
        hints = ("attention.", "palette")
        state = {k: v for k, v in tensors(variables).items() if not k.startswith(hints)}
        return cls([(*row,) for row in stages], state)

    def network(self, device: str = "cpu") -> Lite:
        """Build the network in training mode, channels last."""
        network: Any = Lite(self.stages, self.state)
        network.load_state_dict(self.state, strict=False)  # no count of batches comes with them
        return network.to(device, memory_format=CHANNELS_LAST)


def _layer(weight: Tensor) -> nn.Module:
    """Build the layer that a tensor is the weight of."""
    if weight.ndim == 1:
        return nn.BatchNorm2d(len(weight))
    if weight.ndim == 2:
        return nn.Linear(weight.shape[1], weight.shape[0])
    outputs, inputs, size, _ = weight.shape
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


def _same(x: Tensor, layer: Any) -> Tensor:
    """Pad with zeros as TensorFlow's 'SAME' does."""
    widths = []
    for side in reversed(x.shape[2:]):
        size, stride = layer.kernel_size[0], layer.stride[0]
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        widths += [total // 2, total - total // 2]
    return pad(x, widths)
