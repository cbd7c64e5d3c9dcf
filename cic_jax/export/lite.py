"""The nodes of the network `lite`, as `cic_jax.lite` computes them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from cic_jax import efficientnet
from cic_jax.export.graph import Graph
from cic_jax.export.hints import HintNames, attention, cells
from cic_jax.export.networks import EPSILON, Tree, array, crop_to_cells, pointwise
from cic_jax.lite import LEVELS


class Folded(NamedTuple):
    """A convolution with the normalisation that follows it."""

    kernel: Float[np.ndarray, "k k c d"]
    bias: Float[np.ndarray, " d"]


def lite(graph: Graph, variables: Tree, L: str, hints: HintNames, multiple: int) -> str:
    """Add a network from L 'b 1 h w' and hints to logits 'b q ceil(h/4) ceil(w/4)'.

    Lightness is padded to a multiple of `multiple`, itself a multiple of `cic_jax.lite.STRIDE`.
    """
    parameters = variables["params"]
    sides = graph.sides(L)
    x = graph.op("Mul", L, graph.floats(255 / 100 / efficientnet.SCALE))
    x = graph.op("Sub", x, graph.floats(efficientnet.MEAN / efficientnet.SCALE))
    x = graph.pad_to(x, multiple)
    hints = _placed(graph, hints, sides, graph.sides(x))

    *features, x = encoder(graph, parameters["encoder"], x)
    pooled = _pooled(graph, parameters, graph.op("GlobalAveragePool", x), hints.palette)
    x = graph.op("Add", _normalised(graph, variables, "bottom", x), pooled)
    for i, (row, skip) in enumerate(zip(LEVELS, reversed(features), strict=False), start=1):
        inputs = [graph.enlarge(x, 2), skip]
        if i == len(LEVELS):
            inputs.append(cells(graph, hints, graph.sides(skip)))
        x = graph.op("Concat", *inputs, axis=1)
        for j in (1, 2):
            x = _normalised(graph, variables, f"level{i}_{j}", x)
        if row.hints:
            x = graph.op("Add", x, attention(graph, parameters["attention"], x, hints))
    return pointwise(graph, crop_to_cells(graph, x, sides), parameters["out"])


def encoder(graph: Graph, parameters: Tree, x: str) -> list[str]:
    """Add EfficientNet-Lite0 for grey photographs: features at strides 4, 8, 16 and 32."""
    stem = parameters["stem"]
    x, features = _relu6(graph, _depthwise(graph, x, stem, stride=2, inputs=1)), []
    channels = efficientnet.STEM
    for i, row in enumerate(efficientnet.stages(0), start=1):
        if row.stride > 1:
            features.append(x)
        for j in range(1, row.repeats + 1):
            layers, stride = parameters[f"stage{i}_{j}"], row.stride if j == 1 else 1
            y = x
            if row.expansion > 1:
                y = _relu6(graph, pointwise(graph, y, layers["expand"]))
            wide = row.expansion * channels
            y = _relu6(graph, _depthwise(graph, y, layers["depthwise"], stride, wide))
            y = pointwise(graph, y, layers["project"])
            x = graph.op("Add", x, y) if stride == 1 and channels == row.channels else y
            channels = row.channels
    return [*features[1:], _relu6(graph, pointwise(graph, x, parameters["head"]))]


def _depthwise(graph: Graph, x: str, parameters: Tree, stride: int, inputs: int) -> str:
    """Add a convolution of each channel by itself, padded as TensorFlow's 'SAME' does."""
    kernel = array(parameters["kernel"])[:, :, None]
    total = len(kernel) - stride  # for a side that is a multiple of the stride
    pads = (total // 2, total - total // 2)
    bias = array(parameters["bias"])
    return graph.convolve(x, kernel, bias, stride=stride, groups=inputs, pads=pads)


def _relu6(graph: Graph, x: str) -> str:
    return graph.op("Clip", x, graph.floats(0.0), graph.floats(6.0))


def _normalised(graph: Graph, variables: Tree, name: str, x: str) -> str:
    """Add a convolution, its normalisation and ReLU."""
    kernel, bias = fold(
        variables["params"][name],
        variables["params"][f"{name}_norm"],
        variables["batch_stats"][f"{name}_norm"],
    )
    return graph.op("Relu", graph.convolve(x, kernel, bias))


def fold(convolution: Tree, norm: Tree, statistics: Tree) -> Folded:
    """Fold a normalisation into the convolution before it."""
    scale = array(norm["scale"]) / np.sqrt(array(statistics["var"]) + EPSILON)
    bias = (array(convolution["bias"]) - array(statistics["mean"])) * scale + array(norm["bias"])
    return Folded(array(convolution["kernel"]) * scale, bias)


def _pooled(graph: Graph, parameters: Tree, mean: str, palette: str) -> str:
    """Add the global vector 'b c 1 1' of the pooled features and the palette asked for."""
    layers = {
        name: {leaf: array(value) for leaf, value in parameters[name].items()}
        for name in ("pooled1", "pooled2", "palette1", "palette2")
    }
    x = graph.op("Flatten", mean)
    x = graph.op("Relu", graph.dense(x, **layers["pooled1"]))
    x = graph.dense(x, **layers["pooled2"])
    y = graph.op("Relu", graph.dense(palette, **layers["palette1"]))
    x = graph.op("Add", x, graph.dense(y, **layers["palette2"]))
    return graph.op("Unsqueeze", x, graph.integers(2, 3))


def _placed(graph: Graph, hints: HintNames, sides: str, padded: str) -> HintNames:
    """Turn places in the photograph to places in the padded one."""
    share = graph.op("Div", graph.as_float(sides), graph.as_float(padded))
    return hints._replace(place=graph.op("Mul", hints.place, share))
