"""Parameters of a graph stored in half precision: half the bytes, the same arithmetic."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LARGE = 256  # numbers; smaller constants, scales and shapes among them, stay as they are


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph whose large float32 constants are float16, each followed by a conversion.

    A runtime computes the conversions once, when it loads the file. Raises ValueError for a number
    that float16 does not reach.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    conversions = []
    for tensor in result.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < LARGE:
            continue
        if np.abs(array).max() > np.finfo(np.float16).max:
            raise ValueError(f"{tensor.name}: expected numbers that float16 reaches")
        name = tensor.name
        half = numpy_helper.from_array(array.astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        conversions.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = [*conversions, *result.graph.node]
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    onnx.checker.check_model(result)
    return result
