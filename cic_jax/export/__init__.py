"""Models that leave JAX: ONNX, StableHLO and safetensors.

`onnx_model` writes the graph: its `networks`, `lite`, `hints` and `read_out` mirror modules of the
package. `session` runs such a file here; `standalone` is a script that runs it without JAX.
"""

from pathlib import Path


def standalone_path() -> Path:
    """Return the script that is written beside model.onnx."""
    return Path(__file__).with_name("standalone.py")
