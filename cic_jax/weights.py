"""Files of PyTorch weights: read as named tensors, without running the code that one can hold.

What a file declares is checked before memory is taken for it.
"""

import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Tensors = dict[str, np.ndarray]

NESTED = ("state_dict", "model_state_dict")  # where a training checkpoint holds the network
MAX_BYTES = 4 * 2**30  # of a file, which may be sparse; the full network at width 2 takes 0.5 GiB
# Weights, and integers for BatchNorm's counters
DTYPES = ("float16", "bfloat16", "float32", "float64", "int64", "int32")


class WeightsError(ValueError):
    """Weights that are missing, unreadable or those of another network."""


def read(path: str | Path) -> Mapping[str, Any]:
    """Read the named tensors in a PyTorch file or, by its suffix, a .safetensors file.

    A file of a training checkpoint may hold them under 'state_dict' or 'model_state_dict'. No code
    in it is run. Raises WeightsError if the file cannot be read or the library for it is absent.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError("no such file")
    if path.suffix == ".caffemodel":
        raise WeightsError(
            "weights of Caffe, which are not read: expected PyTorch's, as CIC publishes too"
        )
    if path.stat().st_size > MAX_BYTES:
        raise WeightsError(
            f"a file of {path.stat().st_size / 2**30:.1f} GiB: expected at most "
            f"{MAX_BYTES / 2**30:g} GiB"
        )
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for key in NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise WeightsError(f"expected named tensors, found a {type(content).__name__}")
    _require_stored(content, path.stat().st_size)
    return content


def _require_stored(tensors: Mapping[Any, Any], size: int) -> None:
    """Raise WeightsError unless these are named, dense and finite tensors of a file of `size`.

    A tensor can declare more values than the file holds, by strides of 0: copied, they take any
    amount of memory.
    """
    total = 0
    for name, value in tensors.items():
        if not isinstance(name, str):
            raise WeightsError(f"expected tensors by name, found the key {name!r}")
        if not hasattr(value, "dtype"):
            continue  # no tensor, as the conversion says
        kind = str(value.dtype).removeprefix("torch.")
        layout = str(getattr(value, "layout", "torch.strided")).removeprefix("torch.")
        is_held = str(getattr(value, "device", "cpu")) == "cpu"
        if kind not in DTYPES or layout != "strided" or not is_held or _is_nested(value):
            raise WeightsError(
                f"{name!r} is {kind}, {layout}, on {getattr(value, 'device', 'cpu')}: expected "
                f"dense tensors of {', '.join(DTYPES)}"
            )
        total += value.nbytes
        if total > size:
            raise WeightsError(f"up to {name!r}, its tensors have more values than the file holds")
        if not _is_finite(value):
            raise WeightsError(f"{name!r} has values that are not finite")


def _is_nested(value: Any) -> bool:
    return bool(getattr(value, "is_nested", False) or getattr(value, "is_quantized", False))


def _is_finite(value: Any) -> bool:
    return bool(value.isfinite().all() if hasattr(value, "isfinite") else np.isfinite(value).all())


def _read_torch(path: Path) -> Any:
    try:
        import torch
    except ImportError as error:
        raise WeightsError("reading it needs PyTorch: `pip install '.[convert]'`") from error
    try:
        if zipfile.is_zipfile(path):
            _require_uncompressed(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the kinds of tensors that are refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except Exception as error:  # damaged files raise errors of many kinds
        raise WeightsError(
            "damaged, or holds more than tensors, which could be code and is not loaded: "
            "save `model.state_dict()` alone"
        ) from error


def _require_uncompressed(path: Path) -> None:
    """Raise WeightsError for a compressed zip, which could unpack to any size."""
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
    stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    if not stored or sum(member.file_size for member in members) > path.stat().st_size:
        raise WeightsError("a compressed file, as PyTorch writes none: unpack it and save it anew")


def _read_safetensors(path: Path) -> Tensors:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise WeightsError("reading it needs safetensors: `pip install '.[convert]'`") from error
    try:
        content = load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"no safetensors file: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"a kind of tensor that NumPy does not have ({error})") from error
    return {name: content[name] for name in sorted(content, key=_numbered)}


def _numbered(name: str) -> list[str | tuple[int, str]]:
    """Return a key that sorts layer 10 after layer 9; a safetensors file keeps no order."""
    parts = re.split(r"([0-9]+)", name)
    return [(len(x.lstrip("0")), x.lstrip("0")) if i % 2 else x for i, x in enumerate(parts)]
