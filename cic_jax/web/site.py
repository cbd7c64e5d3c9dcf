"""A folder of static files with the page, which colours in the visitor's own browser.

It is the page that `cic-jax serve` serves, but for one module: `local/server.js` answers there what
a server answers here. The network and its read-out run in ONNX Runtime Web; the rest of `local`
follows modules of the package, by constants that `about` hands it.
"""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cic_jax import bins, images
from cic_jax.colorize import Colorizer
from cic_jax.configs import default
from cic_jax.export.onnx_model import parts
from cic_jax.images import resize
from cic_jax.model import Model
from cic_jax.read_out import CELL, extent, unify
from cic_jax.web import facts, samples
from cic_jax.web.limits import DEFAULT_LIMITS

STATIC = Path(__file__).with_name("static")
LOCAL = Path(__file__).with_name("local")
SERVER = "server.js"
LICENCE = "onnxruntime-web.txt"
LARGEST = 2**31  # bytes of a photograph's file
READ = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP")  # formats that browsers read

# Nothing comes from elsewhere and nothing goes elsewhere, neither from the page nor from the thread
# that colours; WebAssembly is compiled.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
HEAD = (
    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    '<meta name="referrer" content="no-referrer">\n'
)
NOT_STARTED = (
    "If these words stay, the page was opened as a file, or without JavaScript. It has to come "
    "from a web server, such as that of <code>python -m http.server</code> in this folder."
)


def site(model: Model, name: str, runtime: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of the folder by their paths in it.

    Large ones are compressed, so that any server sends few bytes. Raises ExportError for a model
    that is not made of this package's parts alone.

    Args:
        model: A trained model.
        name: What the page calls it.
        runtime: The files of `runtime`.
    """
    graphs = parts(model)
    files = {f"static/{path.name}": path.read_bytes() for path in STATIC.iterdir()}
    files["index.html"] = _alone(files.pop("static/index.html").decode()).encode()
    local = {path.name: path.read_bytes() for path in LOCAL.iterdir()}
    files[f"static/{SERVER}"] = local.pop(SERVER)
    files["runtime/LICENCE.txt"] = local.pop(LICENCE)
    files |= {f"engine/{script}": content for script, content in local.items()}
    files |= {f"samples/{sample}.jpg": samples.jpeg(sample) for sample in samples.SAMPLES}
    for file, content in runtime.items():
        if file.endswith(".wasm"):
            files[f"runtime/{file}.gz"] = _compressed(content)
        else:  # as .js, since some servers know no .mjs, which browsers then refuse
            files[f"runtime/{Path(file).with_suffix('.js')}"] = content
    files["model/network.onnx.gz"] = _compressed(graphs.network.SerializeToString())
    files["model/read_out.onnx.gz"] = _compressed(graphs.read_out.SerializeToString())
    sizes = {path: len(content) for path, content in files.items() if path.endswith(".gz")}
    files["model/about.json"] = json.dumps(about(model, name) | {"bytes": sizes}).encode()
    return files


def about(model: Model, name: str) -> dict[str, Any]:
    """Return the facts that the page shows, and what its engine has to know, for JSON."""
    colorizer = Colorizer(model)
    colour = default.completed(model.description["config"]).colour
    target = model.target
    return facts.facts(colorizer, name, DEFAULT_LIMITS) | {
        "where": "here",
        "most_bytes": LARGEST,
        "suffixes": [suffix for format in READ for suffix in images.SUFFIXES[format]],
        "centers": None if target.centers is None else facts.rows(target.centers),
        "pitch": None if target.centers is None else float(bins.pitch(target.centers)),
        "tau": None if target.prior is None else float(colour.tau),
        "temperature": bins.TEMPERATURE,
        "saturation": float(colour.saturation),
        "longest": resize.LONGEST,
        "cell": CELL,
        "segments": {
            "first_axes": facts.rows(unify.first_axes(target.outputs).T),
            "rounds": unify.ROUNDS,
            "sampled": unify.SAMPLED,
            "lightness": unify.LIGHTNESS,
            "scale": unify.SCALE / 255,  # as scikit-image divides it
            "smallest": unify.SMALLEST,
        },
        "extent": {"moved": extent.MOVED, "near": extent.NEAR},
    }


def _alone(page: str) -> str:
    """Return the page with its policy and the words that stay where its scripts cannot run."""
    for mark, more in (('<meta charset="utf-8">\n', HEAD), ('aria-live="polite">', NOT_STARTED)):
        before, found, after = page.partition(mark)
        assert found, mark
        page = before + found + more + after
    return page


def _compressed(content: bytes) -> bytes:
    """Compress to the same bytes at every time."""
    return gzip.compress(content, 9, mtime=0)
