"""An ONNX graph, written node by node; images are 'b c h w', as ONNX has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from jaxtyping import Float, Num, Shaped
from onnx import TensorProto, helper, numpy_helper

OPSET = 18  # ONNX 1.13; what ONNX Runtime 1.14, OpenVINO 2023 and later versions read
IR_VERSION = 8
Shape = Sequence[str | int]  # a name is a size that is known when the model runs


class Graph:
    """Nodes in the order in which they are computed; a value is known by its name."""

    def __init__(self) -> None:
        """Begin an empty graph."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple, str] = {}
        self._tensors: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Shape) -> str:
        """Declare a float32 input of the model and return its name."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def floats(self, value: Num[np.ndarray, "..."] | float) -> str:
        """Add a float32 constant and return its name."""
        return self._constant(np.asarray(value, np.float32))

    def integers(self, *values: int) -> str:
        """Add a row of integers, such as a shape or axes, and return its name."""
        return self._constant(np.array(values, np.int64))

    def integer(self, value: int) -> str:
        """Add one integer, without axes, and return its name."""
        return self._constant(np.array(value, np.int64))

    def _constant(self, array: Shaped[np.ndarray, "..."]) -> str:
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._constants[key] = name
            self._tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return self._constants[key]

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def model(
        self, outputs: Mapping[str, tuple[str, Shape]], metadata: Mapping[str, str]
    ) -> onnx.ModelProto:
        """Finish the model.

        Args:
            outputs: Value and shape of each output, by its name.
            metadata: Texts that the file carries.
        """
        nodes = [
            *self._nodes,
            *(
                helper.make_node("Identity", [value], [name])
                for name, (value, _) in outputs.items()
            ),
        ]
        infos = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, (_, shape) in outputs.items()
        ]
        graph = helper.make_graph(nodes, "cic_jax", self._inputs, infos, self._tensors)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(
            graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="cic_jax"
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        return model

    # Images

    def sides(self, x: str) -> str:
        """Return the height and width of images, as two integers."""
        return self.op("Shape", x, start=2, end=4)

    def side(self, sides: str, axis: int) -> str:
        """Return one of two sides: 0 is the height, 1 the width."""
        return self.op("Gather", sides, self.integer(axis))

    def pad_to(self, x: str, multiple: int) -> str:
        """Repeat the lower and right edges up to a multiple."""
        missing = self.op("Mod", self.op("Neg", self.sides(x)), self.integer(multiple))
        pads = self.op("Concat", self.integers(0, 0, 0, 0, 0, 0), missing, axis=0)
        return self.op("Pad", x, pads, mode="edge")

    def crop(self, x: str, sides: str) -> str:
        """Keep the upper left part of a height and width."""
        return self.op("Slice", x, self.integers(0, 0), sides, self.integers(2, 3))

    def convolve(
        self,
        x: str,
        kernel: Float[np.ndarray, "k k c d"],
        bias: Float[np.ndarray, " d"] | None = None,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        pads: tuple[int, int] | None = None,
    ) -> str:
        """Correlate with a kernel; zeros before and after each side are `pads`.

        None pads as `convolutions.convolve` does.
        """
        size = kernel.shape[0]
        before, after = pads or (dilation * (size // 2),) * 2
        inputs = [x, self.floats(kernel.transpose(3, 2, 0, 1))]
        if bias is not None:
            inputs.append(self.floats(bias))
        return self.op(
            "Conv",
            *inputs,
            kernel_shape=[size, size],
            strides=[stride, stride],
            dilations=[dilation, dilation],
            group=groups,
            pads=[before, before, after, after],
        )

    def enlarge(self, x: str, factor: int, mode: str = "linear") -> str:
        """Enlarge images by interpolation between pixel centres, or by repetition ('nearest')."""
        scales = self.floats(np.array([1, 1, factor, factor]))
        options = {"coordinate_transformation_mode": "half_pixel"}
        if mode == "nearest":
            options = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.op("Resize", x, "", scales, mode=mode, **options)

    def dense(
        self, x: str, kernel: Float[np.ndarray, "c d"], bias: Float[np.ndarray, " d"] | None = None
    ) -> str:
        """Multiply the last axis by a matrix and add a bias."""
        y = self.op("MatMul", x, self.floats(kernel))
        return y if bias is None else self.op("Add", y, self.floats(bias))

    def counted(self, count: str) -> str:
        """Return the numbers 0, 1, ... below a count, as floats."""
        return self.as_float(self.op("Range", self.integer(0), count, self.integer(1)))

    def as_float(self, x: str) -> str:
        """Convert to float32."""
        return self.op("Cast", x, to=TensorProto.FLOAT)

    def as_integer(self, x: str) -> str:
        """Convert to integers, towards 0."""
        return self.op("Cast", x, to=TensorProto.INT64)
