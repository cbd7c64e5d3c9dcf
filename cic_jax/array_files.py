"""Arrays of an exported model, read by TensorStore alone: Orbax, which wrote them, loads slowly."""

from pathlib import Path
from typing import Any

import jax
import numpy as np


def read(folder: Path, wanted: Any) -> Any:
    """Read the arrays of a tree of dictionaries, shaped and typed as `wanted` (arrays or shapes).

    `folder` is one that Orbax wrote in its OCDBT format. Raises ValueError where it has other
    arrays, of other names or shapes, or is damaged.
    """
    import tensorstore

    store = {"driver": "ocdbt", "base": {"driver": "file", "path": f"{folder.absolute()}/"}}
    context = tensorstore.Context()
    leaves, structure = jax.tree.flatten_with_path(wanted)
    names = [".".join(str(key.key) for key in path) for path, _ in leaves]
    _require_names(tensorstore.KvStore.open(store, context=context).result(), names)
    opened = [
        tensorstore.open(
            {"driver": "auto", "kvstore": {**store, "path": f"{name}/"}}, context=context, read=True
        )
        for name in names
    ]
    arrays = []
    for (path, expected), array in zip(leaves, opened, strict=True):
        shape = tuple(array.result().shape)
        if shape != tuple(expected.shape):  # before it takes memory
            name = jax.tree_util.keystr(path)
            raise ValueError(f"{name} is {shape}, its description asks for {expected.shape}")
        arrays.append((array.result().read(), expected.dtype))
    read = [np.asarray(array.result()).astype(dtype) for array, dtype in arrays]
    return jax.tree.unflatten(structure, read)


def _require_names(store: Any, names: list[str]) -> None:
    """Raise ValueError unless a store holds the arrays of these names and no others."""
    held = {key.decode(errors="replace").partition("/")[0] for key in store.list().result()}
    if wrong := sorted(held.symmetric_difference(names)):
        state = "missing" if wrong[0] in names else "not asked for by its description"
        raise ValueError(f"{wrong[0]} is {state}")
