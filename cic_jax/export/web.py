"""A folder of static files that colours photographs in the visitor's own browser.

The network and its read-out run in ONNX Runtime Web; `page` has the rest: the page, and modules of
JavaScript that follow modules of the package, by constants that `about` hands them.
"""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cic_jax import bins, inference, lab
from cic_jax.configs import default
from cic_jax.export.onnx_model import parts
from cic_jax.images import resize
from cic_jax.model import Model
from cic_jax.read_out import CELL, extent, gamut, unify

PAGE = Path(__file__).with_name("page")
STYLE = Path(__file__).parents[1] / "web" / "static"  # of the page that `cic-jax serve` serves
SHARED = ("page.css", "icon.svg", "arrows.svg", "distribution.js")
SIZE = 256  # pixels of the short side at which the network sees a photograph
LICENCE = "onnxruntime-web.txt"


def site(model: Model, name: str, runtime: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of the folder by their paths in it.

    Large ones are compressed, so that any server sends few bytes. Raises ExportError for a model
    that is not made of this package's parts alone.

    Args:
        model: A trained model.
        name: What the page calls it.
        runtime: The files of `web_runtime`.
    """
    graphs = parts(model)
    files = {path.name: path.read_bytes() for path in PAGE.iterdir() if path.is_file()}
    files |= {shared: (STYLE / shared).read_bytes() for shared in SHARED}
    for file, content in runtime.items():
        if file.endswith(".wasm"):
            files[f"runtime/{file}.gz"] = _compressed(content)
        else:
            files[f"runtime/{file}"] = content
    files["runtime/LICENCE.txt"] = files.pop(LICENCE)
    files["model/network.onnx.gz"] = _compressed(graphs.network.SerializeToString())
    files["model/read_out.onnx.gz"] = _compressed(graphs.read_out.SerializeToString())
    sizes = {path: len(content) for path, content in files.items() if path.endswith(".gz")}
    files["model/about.json"] = json.dumps(about(model, name) | {"bytes": sizes}).encode()
    return files


def about(model: Model, name: str) -> dict[str, Any]:
    """Return what the page has to know of a model and of the package's constants, for JSON."""
    colour = default.completed(model.description["config"]).colour
    target = model.target
    return {
        "name": name,
        "centers": None if target.centers is None else _rows(target.centers),
        "pitch": None if target.centers is None else float(bins.pitch(target.centers)),
        "takes_hints": target.centers is not None and inference.takes_hints(model.network),
        "tau": None if target.prior is None else float(colour.tau),
        "temperature": bins.TEMPERATURE,
        "saturation": float(colour.saturation),
        "unify": float(colour.unify),
        "size": SIZE,
        "longest": resize.LONGEST,
        "cell": CELL,
        "lab": {
            "xyz_from_rgb": _rows(lab.XYZ_FROM_RGB / lab.D65[:, None]),
            "rgb_from_xyz": _rows(lab.RGB_FROM_XYZ * lab.D65),
            "epsilon": lab.EPSILON,
            "slope": lab.SLOPE,
            "offset": lab.OFFSET,
        },
        "gamut": {"steps": gamut.STEPS, "slack": gamut.SLACK},
        "segments": {
            "strength": unify.STRENGTH,
            "first_axes": _rows(unify.first_axes(target.outputs).T),
            "rounds": unify.ROUNDS,
            "sampled": unify.SAMPLED,
            "lightness": unify.LIGHTNESS,
            "scale": unify.SCALE / 255,  # as scikit-image divides it
            "smallest": unify.SMALLEST,
        },
        "extent": {"moved": extent.MOVED, "near": extent.NEAR},
    }


def _rows(array: Float[np.ndarray, "n m"]) -> list[list[float]]:
    return [[float(x) for x in row] for row in np.asarray(array)]


def _compressed(content: bytes) -> bytes:
    """Compress to the same bytes at every time."""
    return gzip.compress(content, 9, mtime=0)
