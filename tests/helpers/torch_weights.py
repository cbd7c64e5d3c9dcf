"""Random weights by PyTorch's names and shapes, and what its own layers make of them."""

from itertools import pairwise

import numpy as np

from cic_jax import bins, network, pretrained

WIDTH = 0.125


def sequential_shapes(name, *, prefix, out, width=WIDTH, outputs=313):
    """PyTorch's names and shapes, written out: a ReLU stands between any two layers."""
    shapes, before = {}, 1
    for i, block in enumerate(network.NETWORKS[name], start=1):
        channels = network.scale_channels(block.channels, width)
        kernels = [4] * block.upsample + [3] * block.convolutions
        for k, size in enumerate(kernels):
            ends = (before, channels) if size == 4 else (channels, before)
            shapes[f"{prefix}{i}.{2 * k}.weight"] = (*ends, size, size)
            shapes[f"{prefix}{i}.{2 * k}.bias"] = (channels,)
            before = channels
        if not block.upsample:
            stem = f"{prefix}{i}.{2 * len(kernels)}"
            for tensor in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"{stem}.{tensor}"] = (channels,)
            shapes[f"{stem}.num_batches_tracked"] = ()
    return shapes | {f"{out}.weight": (outputs, before, 1, 1), f"{out}.bias": (outputs,)}


def release_shapes(width=WIDTH):
    shapes = sequential_shapes("full", prefix="model", out="model8.6", width=width)
    return shapes | {"model_out.weight": (2, 313, 1, 1)}


def study_shapes(name, **options):
    return sequential_shapes(name, prefix="conv", out="distribution", **options)


def draw(shapes):
    """Variables that keep the scale of what flows through them and leave no bias at 0."""
    rng = np.random.default_rng(0)

    def tensor(name, shape):
        if name.endswith("num_batches_tracked"):
            return np.int64(7)
        if len(shape) == 4:
            fan_in = shape[0] * 4 if shape[2] == 4 else np.prod(shape[1:])
            return rng.normal(0, np.sqrt(2 / fan_in), shape)
        is_scale = "running_var" in name or f"{name[:-6]}running_var" in shapes
        return rng.uniform(0.5, 1.5, shape) if is_scale else rng.normal(0, 0.3, shape)

    drawn = {name: np.asarray(tensor(name, shape), np.float32) for name, shape in shapes.items()}
    if pretrained.DECODE in drawn:
        centers = np.ascontiguousarray(bins.CENTERS.T)
        drawn[pretrained.DECODE] = centers[..., None, None] * np.float32(0.9 / 110)
    return drawn


def torch_output(torch, tensors, name, scale):
    """A function of L 'b 1 h w': what PyTorch's own layers make of tensors in the order given."""
    nn = torch.nn
    values = iter([torch.tensor(x) for k, x in tensors.items() if k != pretrained.DECODE])

    def filled(layer):
        layer.load_state_dict({key: next(values) for key in layer.state_dict()})
        return layer.eval()

    channels = [tensors[k].size for k in tensors if k.endswith(("1.0.bias", ".0.bias"))]
    blocks = []
    for block, (before, c) in zip(network.NETWORKS[name], pairwise([1, *channels]), strict=True):
        if block.upsample:
            blocks += [filled(nn.ConvTranspose2d(before, c, 4, stride=2, padding=1)), nn.ReLU()]
        for i in range(block.convolutions):
            last = i == block.convolutions - 1
            options = {"stride": block.stride if last else 1, "dilation": block.dilation}
            ends = (c if i or block.upsample else before, c)
            blocks += [filled(nn.Conv2d(*ends, 3, padding=block.dilation, **options)), nn.ReLU()]
        if not block.upsample:
            blocks.append(filled(nn.BatchNorm2d(c)))
    outputs = [x for k, x in tensors.items() if k != pretrained.DECODE][-1].size
    blocks.append(filled(nn.Conv2d(channels[-1], outputs, 1)))
    assert next(values, None) is None
    return lambda lightness: nn.Sequential(*blocks)((lightness - 50) / scale)


def renamed(tensors, names):
    return {names(k): x for k, x in tensors.items()}
