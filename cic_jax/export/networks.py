"""The nodes of the networks `full` and `simplified`, as `cic_jax.network` computes them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cic_jax.export.graph import Graph
from cic_jax.network import Block, Network

Tree = Mapping[str, Any]
STRIDE = 8  # of the smallest features
EPSILON = 1e-5  # of batch normalisation


def network(graph: Graph, module: Network, variables: Tree, L: str, multiple: int) -> str:
    """Add a network from L 'b 1 h w' to logits 'b q ceil(h/4) ceil(w/4)'.

    Lightness is padded to a multiple of `multiple`, itself a multiple of `STRIDE`.
    """
    sides = graph.sides(L)
    x = graph.op("Sub", L, graph.floats(50.0))
    x = graph.op("Mul", x, graph.floats(1 / module.lightness_scale))
    x = graph.pad_to(x, multiple)
    for i, block in enumerate(module.blocks, start=1):
        statistics = variables["batch_stats"].get(f"block{i}", {})
        x = _block(graph, block, variables["params"][f"block{i}"], statistics, x)
    # Before the last layer, which sees single cells, there is less to copy.
    return pointwise(graph, crop_to_cells(graph, x, sides), variables["params"]["out"])


def crop_to_cells(graph: Graph, x: str, sides: str) -> str:
    """Keep the cells of 4 x 4 pixels that photographs of these sides have, rounded up."""
    rounded = graph.op("Add", sides, graph.integer(3))
    return graph.crop(x, graph.op("Div", rounded, graph.integer(4)))


def pointwise(graph: Graph, x: str, parameters: Tree) -> str:
    """Add a convolution by the kernel and bias of a layer."""
    return graph.convolve(x, array(parameters["kernel"]), array(parameters["bias"]))


def array(value: Any) -> np.ndarray:
    """Return a parameter as a float32 array of NumPy."""
    return np.asarray(value, np.float32)


def _block(graph: Graph, block: Block, parameters: Tree, statistics: Tree, x: str) -> str:
    if block.upsample:
        x = graph.op("Relu", _doubled(graph, x, parameters["deconv"]))
    for i in range(1, block.convolutions + 1):
        layer = parameters[f"conv{i}"]
        stride = block.stride if i == block.convolutions else 1
        x = graph.convolve(
            x,
            array(layer["kernel"]),
            array(layer["bias"]),
            stride=stride,
            dilation=block.dilation,
        )
        x = graph.op("Relu", x)
    if block.upsample:
        return x
    norm, kept = parameters["norm"], statistics["norm"]
    arrays = (norm["scale"], norm["bias"], kept["mean"], kept["var"])
    # A ReLU before and zero padding after it: it can be folded into neither convolution.
    return graph.op(
        "BatchNormalization", x, *(graph.floats(array(a)) for a in arrays), epsilon=EPSILON
    )


def _doubled(graph: Graph, x: str, parameters: Tree) -> str:
    """Add a transposed 4x4 convolution of stride 2, `convolutions.convolve_transposed`."""
    kernel = graph.floats(array(parameters["kernel"]).transpose(2, 3, 0, 1))
    bias = graph.floats(array(parameters["bias"]))
    return graph.op(
        "ConvTranspose",
        x,
        kernel,
        bias,
        kernel_shape=[4, 4],
        strides=[2, 2],
        pads=[1, 1, 1, 1],
    )
