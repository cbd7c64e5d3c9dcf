"""The method once more, in PyTorch and from its description alone: dense, plain and slow.

What the library computes is compared with this. It shares no code and no table with the library;
`state_dict` is the one place that knows how the library names its variables.
"""

import math
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from flax.traverse_util import flatten_dict
from torch import Tensor, nn

# Each block: number of 3x3 convolutions, channels, stride of the last, dilation.
BLOCKS = {
    "full": [
        (2, 64, 2, 1),
        (2, 128, 2, 1),
        (3, 256, 2, 1),
        (3, 512, 1, 1),
        (3, 512, 1, 2),
        (3, 512, 1, 2),
        (3, 512, 1, 1),
        (2, 256, 1, 1),  # after a transposed convolution, and without normalisation
    ],
    "simplified": [
        (2, 64, 2, 1),
        (2, 128, 2, 1),
        (2, 256, 2, 1),
        (2, 416, 1, 1),
        (2, 416, 1, 2),
        (2, 416, 1, 2),
        (2, 416, 1, 1),
        (1, 256, 1, 1),
    ],
}


class Network(nn.Module):
    """L 'b 1 h w' in [0, 100] -> 'b outputs ceil(h/4) ceil(w/4)'."""

    def __init__(self, name: str, outputs: int = 313, width: float = 1.0):
        super().__init__()
        channels = 1
        for number, (convolutions, wide, stride, dilation) in enumerate(BLOCKS[name], start=1):
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            last_block = number == len(BLOCKS[name])
            before, channels = channels, int(wide * width)
            if last_block:
                layers["deconv"] = nn.ConvTranspose2d(before, channels, 4, stride=2, padding=1)
                layers["relu0"] = nn.ReLU()
                before = channels
            for i in range(1, convolutions + 1):
                layers[f"conv{i}"] = nn.Conv2d(
                    before if i == 1 else channels,
                    channels,
                    3,
                    stride=stride if i == convolutions else 1,
                    padding=dilation,
                    dilation=dilation,
                )
                layers[f"relu{i}"] = nn.ReLU()
            if not last_block:
                layers["norm"] = nn.BatchNorm2d(channels)
            self.add_module(f"block{number}", nn.Sequential(layers))
        self.out = nn.Conv2d(channels, outputs, 1)

    def forward(self, lightness: Tensor) -> Tensor:
        height, width = lightness.shape[2:]
        x = F.pad(lightness / 50 - 1, (0, -width % 8, 0, -height % 8), mode="replicate")
        for layer in self.children():
            x = layer(x)
        return x[:, :, : math.ceil(height / 4), : math.ceil(width / 4)]


def state_dict(params: dict, batch_stats: dict | None = None) -> dict[str, Tensor]:
    """The library's variables (or gradients with respect to `params`) under PyTorch's names."""
    names = {"kernel": "weight", "scale": "weight", "bias": "bias"}
    named = {}
    for (*module, kind), leaf in flatten_dict(params).items():
        array = np.asarray(leaf)
        if (
            kind == "kernel"
        ):  # (kh, kw, in, out) -> (out, in, kh, kw); transposed: (in, out, kh, kw)
            array = array.transpose((2, 3, 0, 1) if module[-1] == "deconv" else (3, 2, 0, 1))
        named[".".join([*module, names[kind]])] = torch.tensor(array)
    for (*module, kind), leaf in flatten_dict(batch_stats or {}).items():
        named[".".join([*module, f"running_{kind}"])] = torch.tensor(np.asarray(leaf))
    return named


def twin(
    variables: dict, name: str, outputs: int = 313, width: float = 1.0, *, train: bool
) -> Network:
    """The network with the library's variables and in their precision."""
    state = state_dict(**variables)
    network = Network(name, outputs, width).to(state["out.weight"].dtype).train(train)
    missing = network.load_state_dict(state, strict=False).missing_keys
    assert all(key.endswith("num_batches_tracked") for key in missing), missing
    return network


def encode(ab: Tensor, centers: Tensor, neighbors: int = 5, sigma: float = 5.0) -> Tensor:
    """Soft encoding 'b 2 h w' -> 'b q h w', every bin compared and kept, in float64."""
    distance = (ab.double()[:, None] - centers.double()[None, :, :, None, None]).norm(dim=2)
    kernel = torch.exp(-(distance**2) / (2 * sigma**2))
    farthest = distance.sort(dim=1).values[:, neighbors - 1 : neighbors]
    kernel = kernel * (distance <= farthest)
    return kernel / kernel.sum(dim=1, keepdim=True)


def annealed_mean(logits: Tensor, centers: Tensor, temperature: float) -> Tensor:
    """Logits 'b q h w' -> ab 'b 2 h w': the mean under z^(1/T) / sum z^(1/T)."""
    z = logits.double().log_softmax(dim=1)
    annealed = (z / temperature).softmax(dim=1)
    return torch.einsum("bqhw,qc->bchw", annealed, centers.double())


def class_weights(prior: Tensor, mix: float = 0.5) -> Tensor:
    """w ~ ((1 - mix) p + mix / Q)^-1 with sum(p w) = 1."""
    prior = prior.double()
    weights = 1 / ((1 - mix) * prior + mix / len(prior))
    return weights / (prior * weights).sum()


def rebalanced_cross_entropy(logits: Tensor, encoded: Tensor, weights: Tensor) -> Tensor:
    """The mean over pixels of -v(Z) sum_q Z_q log softmax(logits)_q with v(Z) = w[argmax Z]."""
    entropy = -(encoded * logits.log_softmax(dim=1)).sum(dim=1)
    return (weights[encoded.argmax(dim=1)] * entropy).mean()


def euclidean_loss(prediction: Tensor, ab: Tensor) -> Tensor:
    return F.mse_loss(prediction, ab / 110)


def adam(network: Network, learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        network.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=1e-3
    )
