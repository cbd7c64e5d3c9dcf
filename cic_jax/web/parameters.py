"""The parameters of a request."""

import math
import re
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from cic_jax import bins
from cic_jax.colorize import Hint

LONGEST_NAME = 200  # characters
N = TypeVar("N", int, float)


def file_name(text: str) -> str:
    """Reduce whatever was sent to a plain file name."""
    plain = re.sub(r"[/\\\x00-\x1f\x7f]+", "_", text)[-LONGEST_NAME:].strip(". ")
    return plain or "photograph"


def number(request: Request, name: str, default: N | None, least: N, most: N) -> N:
    """Parse a parameter of a request.

    Raises HTTPException 400 for what is no number in the range.

    Args:
        request: Its query holds the parameter.
        name: Name of the parameter.
        default: Value if the parameter is missing; with None it has to be there.
        least: Smallest value; its type is that of the result.
        most: Largest value.
    """
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    try:
        value = type(least)(text or "")
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        kind = "a whole number" if isinstance(least, int) else "a number"
        raise HTTPException(
            400, f"{name}: expected {kind} from {least:g} to {most:g}, got {text!r}"
        )
    return value


def hint(text: str) -> Hint:
    """Parse a hint; raises HTTPException 400 for one out of range."""
    try:
        x, y, a, b = map(float, text.split(","))
    except ValueError:
        x = y = a = b = math.nan
    if not (0 <= x <= 1 and 0 <= y <= 1 and abs(a) <= bins.LIMIT and abs(b) <= bins.LIMIT):
        raise HTTPException(400, f"hints: expected x,y,a,b with x and y from 0 to 1, got {text!r}")
    return Hint(x, y, (a, b))
