"""The description of a model, as a checkpoint's file has it: every key is right, or it is named."""

from collections.abc import Callable
from typing import Any

Description = dict[str, Any]  # JSON, with the keys that `model.describe` gives
MAX_WIDTH = 16  # of a network that is read from a file: its arrays take memory before they are read
MAX_BINS = 2**16
MAX_AB = 1000  # of a bin's centre; sRGB colours stay below 128
SCALES = (0.01, 10_000)  # of the lightness; beyond them there is nothing to see
COLOUR = ("temperature", "tau", "saturation", "doubt")  # numbers of the read-out


def checked(description: Any) -> Description:
    """Return a description that was read from a file; ValueError names the key that is wrong.

    Those of earlier versions lack some keys, which `model.palette` and `model.build` make up for.
    """
    if not isinstance(description, dict):
        raise ValueError(f"expected a description by keys, got a {type(description).__name__}")

    def require(key: str, is_right: Callable[[Any], bool], expected: str) -> None:
        if not is_right(description.get(key)):
            raise ValueError(f"{key}: expected {expected}, got {_shortened(description.get(key))}")

    def is_table(value: Any) -> bool:
        return isinstance(value, dict)

    require("network", lambda x: isinstance(x, str), "a name")
    require("width", lambda x: _is_number(x) and 0 < x <= MAX_WIDTH, f"0 to {MAX_WIDTH}")
    low, high = SCALES
    require("lightness_scale", lambda x: _is_number(x) and low <= x <= high, f"{low} to {high}")
    require("config", is_table, "a config by keys")
    require("metrics", is_table, "values by name")
    for name, value in description["metrics"].items():
        if not (value is None or isinstance(value, float) or _is_number(value)):
            raise ValueError(f"metrics: {name}: expected a number, got {_shortened(value)}")
    colour = description["config"].get("colour", {})
    for name in colour if is_table(colour) else ():
        if name in COLOUR and not (_is_number(colour[name]) and colour[name] >= 0):
            told = f"expected a number, at least 0, got {_shortened(colour[name])}"
            raise ValueError(f"config: colour.{name}: {told}")
    factories = description.get("factories", {})
    is_named = is_table(factories) and all(isinstance(x, str) for x in factories.values())
    if not is_named:
        raise ValueError(f"factories: expected names by kind, got {_shortened(factories)}")
    for key in {"centers", "palette_centers"} & description.keys() | {"centers"}:
        expected = f"different rows of a and b up to {MAX_AB}, or null"
        require(key, lambda x: x is None or _is_centers(x), expected)
    bins_of = description.get("palette_centers", description["centers"])
    for key in {"prior", "class_weights"} & description.keys():
        require(
            key,
            lambda x: x is None or (bins_of is not None and _is_array(x, len(bins_of), 0)),
            "one number a bin, none below 0, or null",
        )
    expected = "shares of sum 1, or null"
    require("prior", lambda x: x is None or abs(sum(x) - 1) < 1e-3, expected)
    return description


def _is_number(value: Any) -> bool:
    """Return whether it is a finite number that float32 holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e38


def _is_centers(value: Any) -> bool:
    """Return whether it lists at least two bins, all different."""
    if not isinstance(value, list) or not 1 < len(value) <= MAX_BINS:
        return False
    if not all(_is_array(row, 2, -MAX_AB, MAX_AB) for row in value):
        return False
    return len({tuple(row) for row in value}) == len(value)


def _is_array(
    value: Any, length: int, least: float | int = -1e38, most: float | int = 1e38
) -> bool:
    """Return whether it lists `length` numbers from `least` to `most`."""
    if not isinstance(value, list) or len(value) != length:
        return False
    return all(_is_number(x) and least <= x <= most for x in value)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]} ..."
