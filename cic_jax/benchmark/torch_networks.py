"""The networks in PyTorch, ONNX Runtime and OpenVINO, as a careful user of each runs them.

Channels-last memory, every core, no gradient. Tensors are 'b c h w'. Nothing here imports JAX.
"""

import io
import os
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

CHANNELS_LAST = torch.channels_last
torch.set_num_threads(os.cpu_count() or 1)
torch.backends.cudnn.benchmark = True  # the quickest of cuDNN's kernels for each layer


class Network(nn.Sequential):
    """A network from L 'b 1 h w' in [0, 100] to logits 'b q h/4 w/4'; h, w are multiples of 8."""

    def __init__(self, blocks: Sequence[tuple[int, int, int, int, bool]], outputs: int) -> None:
        """Build the layers of a table of blocks, and a last one with `outputs` channels.

        A block is (3x3 convolutions, channels, stride of the last, dilation, whether it upsamples).
        """
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels = 1
        for number, block in enumerate(blocks, start=1):
            layers[f"block{number}"] = _block(channels, *block)
            channels = block[1]
        layers["out"] = nn.Conv2d(channels, outputs, 1)
        super().__init__(layers)

    def forward(self, lightness: Tensor) -> Tensor:
        """Compute the logits."""
        return super().forward((lightness - 50) / 50)


def _block(
    before: int, convolutions: int, channels: int, stride: int, dilation: int, upsample: bool
) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if upsample:
        layers["deconv"] = nn.ConvTranspose2d(before, channels, 4, stride=2, padding=1)
        layers["relu"] = nn.ReLU(inplace=True)
        before = channels
    for i in range(1, convolutions + 1):
        step = stride if i == convolutions else 1
        layers[f"conv{i}"] = nn.Conv2d(before, channels, 3, step, dilation, dilation)
        layers[f"relu{i}"] = nn.ReLU(inplace=True)
        before = channels
    if not upsample:
        layers["norm"] = nn.BatchNorm2d(channels)
    return nn.Sequential(layers)


@runtime_checkable
class Peer(Protocol):
    """Weights that a network of PyTorch can be built from."""

    def network(self, device: str = "cpu") -> Any:
        """Build the network in training mode, channels last."""


class Weights(NamedTuple):
    """A network's table, and its parameters and statistics under the names of `Network`."""

    blocks: list[tuple[int, int, int, int, bool]]
    state: dict[str, Tensor]

    @classmethod
    def of(cls, blocks: Sequence[tuple[int, int, int, int, bool]], variables: dict[str, Any]):
        """Convert Flax variables, {'params': ..., 'batch_stats': ...}."""
        return cls([(*block,) for block in blocks], tensors(variables))

    def network(self, device: str = "cpu") -> Network:
        """Build the network in training mode, channels last."""
        network: Any = Network(self.blocks, len(self.state["out.bias"]))
        network.load_state_dict(self.state, strict=False)  # no count of batches comes with them
        return network.to(device, memory_format=CHANNELS_LAST)


def tensors(variables: dict[str, Any]) -> dict[str, Tensor]:
    """Convert Flax variables to tensors under PyTorch's names, 'block1.conv1.weight'."""
    state: dict[str, Tensor] = {}
    for tree in variables.values():
        _flatten(tree, "", state)
    return state


def _flatten(tree: dict[str, Any], prefix: str, state: dict[str, Tensor]) -> None:
    names = {"kernel": "weight", "scale": "weight", "mean": "running_mean", "var": "running_var"}
    for name, leaf in tree.items():
        if isinstance(leaf, dict):
            _flatten(leaf, f"{prefix}{name}.", state)
            continue
        array = np.array(leaf, np.float32)
        if name == "kernel":
            array = array[:, :, None] if array.ndim == 3 else array  # depthwise
            transposed = (2, 3, 0, 1) if "deconv" in prefix else (3, 2, 0, 1)
            array = array.transpose(transposed if array.ndim == 4 else (1, 0))
        state[prefix + names.get(name, name)] = torch.from_numpy(array.copy())


def torch_forward(
    weights: Peer, lightness: np.ndarray, device: str, bfloat16: bool = False
) -> Callable[[], np.ndarray]:
    """Prepare a forward pass from lightness 'b h w 1'; the run returns logits 'b h w q'.

    `bfloat16` is that of autocast.
    """
    network = weights.network(device).eval()
    x = torch.from_numpy(lightness).permute(0, 3, 1, 2).to(device, memory_format=CHANNELS_LAST)

    def run():
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            return network(x).permute(0, 2, 3, 1).float().cpu().numpy()

    return run


def onnx_forward(weights: Peer, lightness: np.ndarray, device: str) -> Callable[[], np.ndarray]:
    """Prepare the same in ONNX Runtime, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    session = onnxruntime.InferenceSession(
        _onnx(weights, lightness), options, providers=["CPUExecutionProvider"]
    )
    x = np.ascontiguousarray(lightness.transpose(0, 3, 1, 2))
    return lambda: session.run(None, {"lightness": x})[0].transpose(0, 2, 3, 1)


def openvino_forward(
    weights: Peer, lightness: np.ndarray, device: str, own_precision: bool = False
) -> Callable[[], np.ndarray]:
    """Prepare the same in OpenVINO, on the CPU and in float32 as the others.

    With `own_precision` in that which OpenVINO chooses for the processor.
    """
    # OpenVINO would report every use to its maker; without this module it cannot.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    core = openvino.Core()
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": str(os.cpu_count() or 1),
    }
    if not own_precision:
        options["INFERENCE_PRECISION_HINT"] = "f32"
    model = core.compile_model(core.read_model(_onnx(weights, lightness)), "CPU", options)
    x = np.ascontiguousarray(lightness.transpose(0, 3, 1, 2))
    return lambda: model(x)[0].transpose(0, 2, 3, 1)


FORWARD: dict[str, Callable[..., Callable[[], np.ndarray]]] = {
    "PyTorch": torch_forward,
    "ONNX Runtime": onnx_forward,
    "OpenVINO": openvino_forward,
    "PyTorch, autocast to bfloat16": partial(torch_forward, bfloat16=True),
    "OpenVINO as it comes": partial(openvino_forward, own_precision=True),
}


def _onnx(weights: Peer, lightness: np.ndarray) -> bytes:
    """Export the network to ONNX, for the shape of `lightness` alone."""
    b, h, w, _ = lightness.shape
    file: Any = io.BytesIO()
    network: Any = weights.network().eval()
    with warnings.catch_warnings():
        # This exporter needs no further package, but warns that another is the default now.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format),
            (torch.zeros(b, 1, h, w),),
            file,
            dynamo=False,
            opset_version=17,
            input_names=["lightness"],
        )
    return file.getvalue()
