"""The nodes of the read-out, from logits to the ab of every pixel, as in `cic_jax.read_out`."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from cic_jax import prior
from cic_jax.export.graph import Graph
from cic_jax.loss import AB_SCALE
from cic_jax.read_out import CELL, Settings
from cic_jax.read_out.gamut import LIGHTEST, possible
from cic_jax.read_out.upsample import LIKENESS, REGULARITY, SHARE
from cic_jax.target import Target

LEAST = 1e-30  # temperature in place of 0, by which differences of logits can still be divided
NEVER = -1e9  # the logit of a bin that is left out


class Colours(NamedTuple):
    """The colours of cells, 'b 2 i j', and those of pixels, 'b 2 h w'."""

    cells: str  # before the saturation
    pixels: str


def colours(graph: Graph, target: Target, settings: Settings, output: str, L: str) -> Colours:
    """Add `read_out.cell_ab` and `read_out.pixel_ab` for L 'b 1 h w'.

    What the settings do not leave to the user, `possible` and `doubt`, is the model's own; so is
    the saturation, by which the user's is multiplied. Declares the inputs `temperature` (of a model
    over bins), `tau` (of one with a prior) and `saturation`, numbers without axes.
    """
    sides = graph.sides(L)
    L = graph.pad_to(L, CELL)
    mean_L = graph.op("AveragePool", L, kernel_shape=[CELL, CELL], strides=[CELL, CELL])
    if target.centers is None:
        ab = graph.op("Mul", output, graph.floats(AB_SCALE))
    else:
        ab = _cell_ab(graph, target, settings, output, mean_L)
    own = graph.floats(float(settings.saturation))
    saturation = graph.op("Mul", graph.input("saturation", ()), own)
    followed = graph.crop(_follow(graph, ab, mean_L, L), sides)
    return Colours(ab, graph.op("Mul", followed, saturation))


def _cell_ab(graph: Graph, target: Target, settings: Settings, output: str, mean_L: str) -> str:
    """Add `read_out.cell_ab` for a model over bins: ab 'b 2 i j'."""
    centers = np.asarray(target.centers, np.float32)
    temperature = graph.input("temperature", ())
    adjusted = output
    if target.prior is not None:
        rarity = np.log(prior.class_weights(target.prior, prior.UNIFORM))[:, None, None]
        offset = graph.op("Mul", graph.floats(rarity), graph.input("tau", ()))
        adjusted = graph.op("Add", adjusted, offset)
    if settings.possible:
        adjusted = _masked(graph, adjusted, mean_L, centers)
    largest = graph.op("ReduceMax", adjusted, graph.integers(1))
    divisor = graph.op("Max", temperature, graph.floats(LEAST))
    scaled = graph.op("Div", graph.op("Sub", adjusted, largest), divisor)
    p = graph.op("Softmax", scaled, axis=1)
    ab = graph.convolve(p, centers[None, None])
    if settings.doubt:
        ab = graph.op("Mul", ab, _certainty(graph, output, len(centers), float(settings.doubt)))
    return ab


def _masked(graph: Graph, logits: str, mean_L: str, centers: Float[np.ndarray, "q 2"]) -> str:
    """Leave out the bins that sRGB cannot show at the lightness of their cell."""
    lightness = np.arange(LIGHTEST + 1, dtype=np.float32)[:, None]
    table = np.where(np.asarray(possible(jnp.asarray(lightness), centers)), 0.0, NEVER)
    rounded = graph.op("Round", graph.op("Squeeze", mean_L, graph.integers(1)))
    rounded = graph.op("Clip", rounded, graph.floats(0.0), graph.floats(float(LIGHTEST)))
    rows = graph.op("Gather", graph.floats(table), graph.as_integer(rounded))  # b i j q
    return graph.op("Add", logits, graph.op("Transpose", rows, perm=[0, 3, 1, 2]))


def _certainty(graph: Graph, output: str, bins: int, doubt: float) -> str:
    """Add `bins.certainty` to the power of `doubt`: 'b 1 i j'."""
    log_p = graph.op("LogSoftmax", output, axis=1)
    terms = graph.op("Mul", graph.op("Exp", log_p), log_p)
    negative = graph.op("ReduceSum", terms, graph.integers(1))
    share = graph.op("Div", negative, graph.floats(np.log(bins)))
    certainty = graph.op("Add", share, graph.floats(1.0))
    certainty = graph.op("Clip", certainty, graph.floats(0.0), graph.floats(1.0))
    return graph.op("Pow", certainty, graph.floats(doubt))


def _follow(graph: Graph, ab: str, mean_L: str, L: str) -> str:
    """Add `read_out.follow`: the ab of cells at working pixels, along the edges of L."""
    colour = graph.op(
        "Add",
        graph.op("Mul", ab, graph.floats(1 - SHARE)),
        graph.op("Mul", _alike(graph, ab, mean_L), graph.floats(SHARE)),
    )
    slope = graph.enlarge(_slope(graph, colour, mean_L), CELL)
    detail = graph.op("Mul", slope, graph.op("Sub", L, graph.enlarge(mean_L, CELL)))
    followed = graph.op("Add", graph.enlarge(colour, CELL), detail)
    largest = _largest(graph, ab)
    least = graph.op("Neg", _largest(graph, graph.op("Neg", ab)))
    high, low = (graph.enlarge(extreme, CELL, "nearest") for extreme in (largest, least))
    return graph.op("Min", graph.op("Max", followed, low), high)


def _alike(graph: Graph, ab: str, mean_L: str) -> str:
    """Average 3 x 3 cells weighted by likeness in L."""
    neighbours = np.eye(9, dtype=np.float32).reshape(3, 3, 1, 9)
    around = graph.convolve(_framed(graph, mean_L), neighbours, pads=(0, 0))  # b 9 i j
    difference = graph.op("Sub", around, mean_L)
    squares = graph.op("Mul", difference, difference)
    weight = graph.op("Exp", graph.op("Mul", squares, graph.floats(-1 / (2 * LIKENESS**2))))
    total = graph.op("ReduceSum", weight, graph.integers(1))
    both = graph.convolve(
        _framed(graph, ab), np.tile(neighbours, (1, 1, 1, 2)), groups=2, pads=(0, 0)
    )  # b 18 i j: a's neighbours, then b's
    weights = graph.op("Concat", weight, weight, axis=1)
    sums = np.repeat(np.eye(2, dtype=np.float32), 9, axis=0)[None, None]
    return graph.op("Div", graph.convolve(graph.op("Mul", both, weights), sums), total)


def _slope(graph: Graph, ab: str, mean_L: str) -> str:
    """Add the slope of ab over L around each cell, reduced where L is flat."""
    mean = _window(graph, mean_L)
    product = graph.op("Mul", mean, _window(graph, ab))
    covariance = graph.op("Sub", _window(graph, graph.op("Mul", mean_L, ab)), product)
    squares = _window(graph, graph.op("Mul", mean_L, mean_L))
    variance = graph.op("Sub", squares, graph.op("Mul", mean, mean))
    return graph.op("Div", covariance, graph.op("Add", variance, graph.floats(REGULARITY)))


def _window(graph: Graph, x: str) -> str:
    """Average 3 x 3 cells; edges are repeated."""
    return graph.op("AveragePool", _framed(graph, x), kernel_shape=[3, 3])


def _largest(graph: Graph, x: str) -> str:
    """Take the largest of 3 x 3 cells; beyond the edges there is nothing."""
    return graph.op("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def _framed(graph: Graph, x: str) -> str:
    """Repeat the edges by one cell."""
    return graph.op("Pad", x, graph.integers(0, 0, 1, 1, 0, 0, 1, 1), mode="edge")
