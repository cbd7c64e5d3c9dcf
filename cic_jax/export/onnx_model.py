"""A model in ONNX, for photographs of any size and number."""

import onnx

from cic_jax import lite, read_out
from cic_jax.configs import default
from cic_jax.export import networks
from cic_jax.export.description import texts
from cic_jax.export.graph import Graph, Shape
from cic_jax.export.hints import declare
from cic_jax.export.lite import lite as graph_of_lite
from cic_jax.export.read_out import pixel_ab
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
    if isinstance(model.network, lite.Lite):
        hints = declare(graph, model.target.outputs)
        multiple = MULTIPLE if form == "ab" else lite.STRIDE
        output = graph_of_lite(graph, model.variables, L, hints, multiple)
    elif isinstance(model.network, Network):
        multiple = MULTIPLE if form == "ab" else networks.STRIDE
        output = networks.network(graph, model.network, model.variables, L, multiple)
    else:
        raise ExportError(_expected(type(model.network).__name__))
    outputs: dict[str, tuple[str, Shape]] = {}
    if form == "ab":
        settings = read_out.from_config(default.completed(model.description["config"]).colour)
        colour = pixel_ab(graph, model.target, settings, output, L)
        outputs["ab"] = (colour, ("batch", 2, "height", "width"))
    outputs["logits"] = (output, ("batch", model.target.outputs, *CELLS))
    return graph.model(outputs, texts(model.description))


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
