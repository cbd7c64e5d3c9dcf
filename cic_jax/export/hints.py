"""The nodes of hints, as `cic_jax.hints` computes them."""

from typing import NamedTuple

import numpy as np

from cic_jax.export.graph import Graph
from cic_jax.export.networks import Tree, array
from cic_jax.hints import DEPTH, FAR, HEADS
from cic_jax.loss import AB_SCALE

NEVER = -1e9  # the score of a hint that is not given


class HintNames(NamedTuple):
    """The values of the graph that stand for the arrays of `hints.Hints`."""

    place: str  # 'b k 2'
    ab: str  # 'b k 2'
    given: str  # 'b k'
    palette: str  # 'b q'


def declare(graph: Graph, bins: int) -> HintNames:
    """Declare hints as inputs of a graph."""
    return HintNames(
        graph.input("hint_place", ("batch", "hints", 2)),
        graph.input("hint_ab", ("batch", "hints", 2)),
        graph.input("hint_given", ("batch", "hints")),
        graph.input("palette", ("batch", bins)),
    )


def attention(graph: Graph, parameters: Tree, x: str, hints: HintNames) -> str:
    """Add `hints.Attention`: colours of the hints at each cell of x 'b c h w'."""
    sides = graph.sides(x)
    dense = {
        name: {leaf: array(value) for leaf, value in parameters[name].items()}
        for name in ("query", "key", "value1", "value2")
    }
    query = graph.convolve(x, *(y / DEPTH**0.5 for y in _pair(dense["query"])))
    query = graph.op("Reshape", query, graph.integers(0, HEADS, DEPTH, -1))  # b head depth p
    key = _heads(graph, graph.dense(_sample(graph, x, hints.place), *_pair(dense["key"])))
    value = graph.op("Relu", graph.dense(_known(graph, hints), *_pair(dense["value1"])))
    value = _heads(graph, graph.dense(value, *_pair(dense["value2"])))

    score = graph.op("MatMul", key, query)  # b head k p
    nearness = FAR * np.logaddexp(0, array(parameters["near"]))[:, None, None]
    far = graph.op("Mul", _distances(graph, hints.place, sides), graph.floats(nearness))
    given = graph.op("Unsqueeze", hints.given, graph.integers(1, 3))
    is_given = graph.op("Greater", given, graph.floats(0.0))
    score = graph.op("Where", is_given, graph.op("Sub", score, far), graph.floats(NEVER))
    nobody = graph.floats(array(parameters["nobody"])[:, None])
    escape = graph.op("MatMul", nobody, query)  # b head 1 p
    weight = graph.op("Softmax", graph.op("Concat", score, escape, axis=2), axis=2)
    ends = (graph.integers(0), graph.integers(-1), graph.integers(2))
    weight = graph.op("Slice", weight, *ends)

    value = graph.op("Transpose", value, perm=[0, 1, 3, 2])  # b head depth k
    answer = graph.op("MatMul", value, weight)  # b head depth p
    shape = graph.op("Concat", graph.integers(0, HEADS * DEPTH), sides, axis=0)
    flat = graph.op("Reshape", answer, graph.integers(0, HEADS * DEPTH, -1))
    return graph.convolve(graph.op("Reshape", flat, shape), array(parameters["answer"])[None, None])


def cells(graph: Graph, hints: HintNames, sides: str) -> str:
    """Add `hints.cells`: the hints laid out over cells, 'b 3 h w'."""
    y, x = _coordinates(graph, hints.place)
    given = graph.op("Unsqueeze", hints.given, graph.integers(2))
    inside = graph.op("Mul", _one_hot(graph, y, graph.side(sides, 0)), given)  # b k h
    across = graph.op("Unsqueeze", _one_hot(graph, x, graph.side(sides, 1)), graph.integers(1))
    rows = graph.op("Transpose", inside, perm=[0, 2, 1])
    known = graph.op("Transpose", _known(graph, hints), perm=[0, 2, 1])  # b 3 k
    columns = graph.op(
        "Mul",
        graph.op("Unsqueeze", rows, graph.integers(1)),
        graph.op("Unsqueeze", known, graph.integers(2)),
    )
    total = graph.op("MatMul", columns, across)  # b 3 h w
    ends = (graph.integers(2), graph.integers(3), graph.integers(1))
    count = graph.op("Max", graph.op("Slice", total, *ends), graph.floats(1.0))
    return graph.op("Div", total, count)


def _pair(parameters: Tree) -> tuple[np.ndarray, np.ndarray]:
    return parameters["kernel"], parameters["bias"]


def _known(graph: Graph, hints: HintNames) -> str:
    """Join ab / 110 and whether a hint is given: 'b k 3'."""
    ab = graph.op("Mul", hints.ab, graph.floats(1 / AB_SCALE))
    given = graph.op("Unsqueeze", hints.given, graph.integers(2))
    return graph.op("Concat", ab, given, axis=2)


def _heads(graph: Graph, x: str) -> str:
    """Split 'b k c' by heads: 'b head k depth'."""
    split = graph.op("Reshape", x, graph.integers(0, -1, HEADS, DEPTH))
    return graph.op("Transpose", split, perm=[0, 2, 1, 3])


def _coordinates(graph: Graph, place: str) -> list[str]:
    """Return the two columns of places, each 'b k 1'."""
    return [graph.op("Gather", place, graph.integers(axis), axis=2) for axis in range(2)]


def _one_hot(graph: Graph, share: str, count: str) -> str:
    """Mark the cell of each place along one side: 'b k n'."""
    cell = graph.op("Floor", graph.op("Mul", share, graph.as_float(count)))
    last = graph.op("Sub", graph.as_float(count), graph.floats(1.0))
    cell = graph.op("Clip", cell, graph.floats(0.0), last)
    return graph.as_float(graph.op("Equal", cell, graph.counted(count)))


def _sample(graph: Graph, x: str, place: str) -> str:
    """Interpolate x 'b c h w' bilinearly at places: 'b k c'."""
    sides = graph.sides(x)

    def weights(share: str, axis: int) -> str:
        count = graph.side(sides, axis)
        middle = graph.op("Sub", graph.op("Mul", share, graph.as_float(count)), graph.floats(0.5))
        last = graph.op("Sub", graph.as_float(count), graph.floats(1.0))
        middle = graph.op("Clip", middle, graph.floats(0.0), last)
        apart = graph.op("Abs", graph.op("Sub", middle, graph.counted(count)))
        return graph.op("Relu", graph.op("Sub", graph.floats(1.0), apart))  # b k n

    rows, columns = (weights(part, axis) for axis, part in enumerate(_coordinates(graph, place)))
    weight = graph.op(
        "Mul",
        graph.op("Unsqueeze", rows, graph.integers(3)),
        graph.op("Unsqueeze", columns, graph.integers(2)),
    )
    weight = graph.op("Reshape", weight, graph.integers(0, 0, -1))
    flat = graph.op("Reshape", x, graph.integers(0, 0, -1))
    return graph.op("MatMul", weight, graph.op("Transpose", flat, perm=[0, 2, 1]))


def _distances(graph: Graph, place: str, sides: str) -> str:
    """Add the distance of every cell's centre from every place: 'b 1 k p'."""
    squares = []
    for axis, part in enumerate(_coordinates(graph, place)):
        count = graph.side(sides, axis)
        centres = graph.op("Add", graph.counted(count), graph.floats(0.5))
        centres = graph.op("Div", centres, graph.as_float(count))
        apart = graph.op("Sub", centres, part)
        squares.append(graph.op("Mul", apart, apart))  # b k n
    total = graph.op(
        "Add",
        graph.op("Unsqueeze", squares[0], graph.integers(3)),
        graph.op("Unsqueeze", squares[1], graph.integers(2)),
    )
    flat = graph.op("Reshape", total, graph.integers(0, 0, -1))
    distance = graph.op("Sqrt", graph.op("Add", flat, graph.floats(1e-12)))
    return graph.op("Unsqueeze", distance, graph.integers(1))
