"""A model's parameters and statistics as a file of safetensors, with the model's description."""

import numpy as np
from flax.traverse_util import flatten_dict

from cic_jax.export.description import as_text
from cic_jax.model import Model


def tensors(model: Model) -> bytes:
    """Return a file of float32 arrays under names such as 'params.block1.conv1.kernel'.

    Its text `description` is JSON, from which `model.build` rebuilds the model.
    """
    from safetensors.numpy import save

    arrays = {
        name: np.ascontiguousarray(value, np.float32)
        for name, value in flatten_dict(model.variables, sep=".").items()
    }
    return save(arrays, {"description": as_text(model.description)})
