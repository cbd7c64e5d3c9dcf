"""A model in ONNX, for photographs of any size and number."""

from typing import NamedTuple

import onnx

from cic_jax import lite, read_out
from cic_jax.configs import default
from cic_jax.export import networks
from cic_jax.export.description import texts
from cic_jax.export.graph import Graph, Shape
from cic_jax.export.half import halved
from cic_jax.export.hints import declare
from cic_jax.export.lite import lite as graph_of_lite
from cic_jax.export.read_out import colours
from cic_jax.inference import MULTIPLE
from cic_jax.model import Model
from cic_jax.network import NAMES, Network

FORMS = ("ab", "logits")
CELLS = ("cell_rows", "cell_columns")  # a quarter of the height and width, rounded up


class ExportError(ValueError):
    """A model that has no equal in the format asked for."""


def onnx_model(model: Model, form: str = "ab") -> onnx.ModelProto:
    """Write a model as a graph of ONNX, images being 'b c h w' of any size and number.

    Inputs are `lightness` 'b 1 h w' in [0, 100]; for a network that takes hints `hint_place`,
    `hint_ab` 'b k 2', `hint_given` 'b k' and `palette` 'b q', which are those of `hints.Hints`, all
    zeros for none (k >= 1). The output `logits` is the network's, 'b q ceil(h/4) ceil(w/4)'. The
    form 'ab' adds the output `ab`, the colour of every pixel, and the inputs of the read-out,
    numbers without axes: `temperature`, `tau`, `saturation`, where they matter to the model. It
    pads lightness as `Colorizer` does; the form 'logits' as the network itself.

    Raises ExportError for a model that is not made of this package's parts alone.
    """
    _require_built_in(model, form)
    graph = Graph()
    L = graph.input("lightness", ("batch", 1, "height", "width"))
    output = _network(graph, model, L, padded=form == "ab")
    outputs: dict[str, tuple[str, Shape]] = {}
    if form == "ab":
        pixels = colours(graph, model.target, _settings(model), output, L).pixels
        outputs["ab"] = (pixels, ("batch", 2, "height", "width"))
    outputs["logits"] = (output, ("batch", model.target.outputs, *CELLS))
    return graph.model(outputs, texts(model.description))


class Parts(NamedTuple):
    """A model in two graphs: the network runs once, what it answers is read out in many ways."""

    network: onnx.ModelProto  # with the inputs of form 'ab' but the read-out's; output `logits`
    read_out: onnx.ModelProto  # `logits`, `lightness` and the read-out's inputs to `cells` and `ab`


def parts(model: Model) -> Parts:
    """Write a model as two graphs which are the form 'ab' of `onnx_model` cut at the logits.

    The output `cells` 'b 2 ceil(h/4) ceil(w/4)' has the colours before the saturation. Parameters
    are stored in float16 and computed with in float32. Raises ExportError as `onnx_model` does.
    """
    _require_built_in(model, "ab")
    image: Shape = ("batch", 1, "height", "width")
    cells: Shape = ("batch", model.target.outputs, *CELLS)
    first, second = Graph(), Graph()
    logits = _network(first, model, first.input("lightness", image), padded=True)
    output, L = second.input("logits", cells), second.input("lightness", image)
    read = colours(second, model.target, _settings(model), output, L)
    outputs: dict[str, tuple[str, Shape]] = {
        "cells": (read.cells, ("batch", 2, *CELLS)),
        "ab": (read.pixels, ("batch", 2, "height", "width")),
    }
    return Parts(halved(first.model({"logits": (logits, cells)}, {})), second.model(outputs, {}))


def _network(graph: Graph, model: Model, L: str, padded: bool) -> str:
    """Add a model's network; lightness is padded as `Colorizer` does, or as little as is needed."""
    if isinstance(model.network, lite.Lite):
        hints = declare(graph, model.target.outputs)
        multiple = MULTIPLE if padded else lite.STRIDE
        return graph_of_lite(graph, model.variables, L, hints, multiple)
    if isinstance(model.network, Network):
        multiple = MULTIPLE if padded else networks.STRIDE
        return networks.network(graph, model.network, model.variables, L, multiple)
    raise ExportError(_expected(type(model.network).__name__))


def _settings(model: Model) -> read_out.Settings:
    return read_out.from_config(default.completed(model.description["config"]).colour)


def _require_built_in(model: Model, form: str) -> None:
    if form not in FORMS:
        raise ValueError(f"form: expected one of {', '.join(FORMS)}, got {form!r}")
    built: dict[str, str] = model.description.get("factories", {})
    if "network" in built:
        raise ExportError(_expected(built["network"]))
    if "target" in built and form == "ab":
        raise ExportError(
            f"the read-out by {built['target']} has no graph: export the form 'logits'"
        )


def _expected(builder: str) -> str:
    return f"expected one of the networks {', '.join(NAMES)}; this one was built by {builder}"
