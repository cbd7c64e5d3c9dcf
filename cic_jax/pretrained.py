"""PyTorch weights -> a model: CIC's released network, the study's checkpoints, and their like.

PyTorch stores a network as named tensors. CIC's release calls layer k of block i `model{i}.{k}`,
the study `conv{i}.{k}`; in both, every other layer is a ReLU. Layers with other names are
matched by their order.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from cic_jax import bins
from cic_jax.loss import AB_SCALE
from cic_jax.model import Model, build, describe
from cic_jax.network import NETWORKS, Block, create
from cic_jax.weights import Tensors, WeightsError, read

__all__ = ["WeightsError", "from_torch", "read", "to_model"]

Layer = tuple[str, ...]  # ("block1", "conv2") or ("out",): where variables lie in their tree

LAYOUTS = {"model": "model8.6", "conv": "distribution"}  # what blocks and the output are called
DECODE = "model_out.weight"  # CIC's fixed 1x1 convolution from probabilities to ab / 110
KERNELS = {"conv": (3, 3), "deconv": (4, 4), "out": (1, 1), "norm": ()}
CONVOLUTION = {"weight": ("params", "kernel"), "bias": ("params", "bias")}
NORM = {
    "weight": ("params", "scale"),
    "bias": ("params", "bias"),
    "running_mean": ("batch_stats", "mean"),
    "running_var": ("batch_stats", "var"),
}
SHOWN = 8  # tensors that an error names before it counts the rest


def from_torch(state_dict: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Convert weights to a network's name, 'full' or 'simplified', and its variables (float32).

    `state_dict` holds torch tensors or arrays: of CIC's release, of the study, or of any network
    whose 3x3 convolutions and normalisations, each in their order, have the same shapes. Any
    width is recognised. Raises WeightsError that lists what is missing, left over or misshapen.
    """
    tensors = _tensors(state_dict)
    tensors.pop(DECODE, None)
    name, _, variables = _convert(tensors)
    return name, variables


def to_model(state_dict: Mapping[str, Any]) -> Model:
    """Build a model that colours as the PyTorch one did.

    CIC's release sees (L - 50) / 100 and ends in softmax and a fixed convolution, whose weights are
    the bin centres divided by 110: the centres are read from it, and a temperature of 1 reproduces
    its read-out exactly. A network without that convolution is taken for the study's: it sees
    L / 50 - 1 and predicts CIC's 313 bins in their published order or, with 2 outputs, ab / 110.
    The prior is unknown, so the model's loss weighs all bins alike.
    """
    tensors = _tensors(state_dict)
    decode = tensors.pop(DECODE, None)
    name, width, variables = _convert(tensors)
    outputs = variables["params"]["out"]["bias"].size
    centers: np.ndarray | None = bins.CENTERS
    if decode is not None:
        if decode.shape != (2, outputs, 1, 1):
            raise WeightsError(f"{DECODE} is {decode.shape}, expected {(2, outputs, 1, 1)}")
        centers = AB_SCALE * decode[:, :, 0, 0].T
    elif outputs == 2:
        centers = None
    elif outputs != len(bins.CENTERS):
        raise WeightsError(
            f"{outputs} outputs of unknown meaning: expected {len(bins.CENTERS)} (CIC's bins), "
            f"2 (ab) or bin centres in {DECODE}"
        )
    scale = 50.0 if decode is None else 100.0
    description = describe(name, width=width, centers=centers, lightness_scale=scale)
    return build(description, variables)


def _tensors(state_dict: Mapping[str, Any]) -> Tensors:
    """Return float32 arrays by name, without DataParallel's prefix and BatchNorm's counters."""
    tensors = {}
    for name, value in state_dict.items():
        if not hasattr(value, "shape"):
            raise WeightsError(f"expected tensors, {name!r} is a {type(value).__name__}")
        if not name.endswith("num_batches_tracked"):
            array = value.detach().cpu().float().numpy() if hasattr(value, "detach") else value
            tensors[name.removeprefix("module.")] = np.array(array, np.float32)
    return tensors


def _convert(tensors: Tensors) -> tuple[str, float, dict[str, Any]]:
    """Return network, width and variables for the network and layout with most names in common."""
    candidates = [
        (name, stems) for name, blocks in NETWORKS.items() for stems in _layouts(blocks, tensors)
    ]
    name, stems = min(candidates, key=lambda x: len(_places(x[1]).keys() ^ tensors.keys()))
    biases = {layer: tensors.get(f"{stem}.bias", np.empty(0)) for layer, stem in stems.items()}
    width = _width(NETWORKS[name], biases)
    network = create(name, biases[("out",)].size or len(bins.CENTERS), width)
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    places = _places(stems)
    wanted = {
        tensor: tuple(flatten_dict(shapes)[place].shape[i] for i in np.argsort(_axes(place)))
        for tensor, place in places.items()
    }
    _require_same(wanted, tensors, f"the {name} network")
    arrays = {place: tensors[x].transpose(_axes(place)) for x, place in places.items()}
    return name, width, unflatten_dict(arrays)


def _layouts(blocks: tuple[Block, ...], tensors: Tensors) -> Iterator[dict[Layer, str]]:
    """Yield PyTorch's names of a network's layers: by each known layout, then by their order."""
    for prefix, out in LAYOUTS.items():
        stems: dict[Layer, str] = {}
        for i, block in enumerate(blocks, start=1):
            layers = [f"conv{j}" for j in range(1, block.convolutions + 1)]
            layers = ["deconv", *layers] if block.upsample else [*layers, "norm"]
            stems |= {(f"block{i}", x): f"{prefix}{i}.{2 * k}" for k, x in enumerate(layers)}
        yield stems | {("out",): out}
    yield _in_order([*stems, ("out",)], tensors)


def _in_order(layers: list[Layer], tensors: Tensors) -> dict[Layer, str]:
    """Name layers by order: the n-th module with a 3x3 kernel is the n-th convolution, etc."""
    stems: dict[Layer, str] = {}
    weights = [x for x in tensors if x.endswith(".weight")]
    modules = {
        kernel: iter([x for x in weights if tensors[x].shape[2:] == kernel])
        for kernel in KERNELS.values()
    }
    for layer in layers:
        kernel = KERNELS[layer[-1].rstrip("0123456789")]
        weight = next(modules[kernel], "/".join(layer))  # a name that no module has
        stems[layer] = weight.removesuffix(".weight")
    return stems


def _places(stems: dict[Layer, str]) -> dict[str, tuple[str, ...]]:
    """Map the name of every tensor to its place among the variables."""
    return {
        f"{stem}.{tensor}": (collection, *layer, leaf)
        for layer, stem in stems.items()
        for tensor, (collection, leaf) in (NORM if layer[-1] == "norm" else CONVOLUTION).items()
    }


def _axes(place: tuple[str, ...]) -> tuple[int, ...]:
    """Return PyTorch's axes in the order (kh, kw, in, out).

    A convolution of PyTorch has (out, in, kh, kw), a transposed one (in, out, kh, kw).
    """
    if place[-1] != "kernel":
        return (0,)
    return (2, 3, 0, 1) if place[-2] == "deconv" else (2, 3, 1, 0)


def _width(blocks: tuple[Block, ...], biases: dict[Layer, np.ndarray]) -> float:
    """Return the middle of the widths at which blocks have these channels (`scale_channels`)."""
    pairs = [(x.channels, biases[f"block{i}", "conv1"].size) for i, x in enumerate(blocks, 1)]
    low = max(((n - 4) / channels for channels, n in pairs if n > 8), default=0.0)
    high = min(((n + 4) / channels for channels, n in pairs if n), default=2.0)
    return (low + high) / 2


def _require_same(wanted: dict[str, tuple[int, ...]], given: Tensors, expected: str) -> None:
    """Raise WeightsError unless the names and shapes are those of `expected`."""
    missing = [f"{x} {shape}" for x, shape in wanted.items() if x not in given]
    left_over = [f"{x} {tensor.shape}" for x, tensor in given.items() if x not in wanted]
    other = [
        f"{x} is {given[x].shape}, expected {shape}"
        for x, shape in wanted.items()
        if x in given and given[x].shape != shape
    ]
    kinds = {"missing": missing, "left over": left_over, "of another shape": other}
    if any(kinds.values()):
        listed = "; ".join(f"{kind}: {_listed(names)}" for kind, names in kinds.items() if names)
        raise WeightsError(f"not the weights of {expected}. {listed}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
