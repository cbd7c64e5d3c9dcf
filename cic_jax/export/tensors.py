"""A model's parameters and statistics as a file of safetensors, with the model's description."""

from pathlib import Path

import numpy as np
from flax.traverse_util import flatten_dict

from cic_jax.export.description import as_text
from cic_jax.model import Model


def write_tensors(model: Model, path: Path) -> None:
    """Write float32 arrays under names such as 'params.block1.conv1.kernel'.

    The file's text `description` is JSON, from which `model.build` rebuilds the model. Raises
    OSError if the file cannot be written.
    """
    from safetensors.numpy import save_file

    arrays = {
        name: np.ascontiguousarray(value, np.float32)
        for name, value in flatten_dict(model.variables, sep=".").items()
    }
    save_file(arrays, path, {"description": as_text(model.description)})
