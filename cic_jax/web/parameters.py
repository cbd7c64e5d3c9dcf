"""The parameters of a request."""

import math
import re
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from cic_jax import bins
from cic_jax.colorize import Hint
from cic_jax.colorize.hints import MOST
from cic_jax.web.photograph import ReadOut

LONGEST_NAME = 200  # characters
MOST_SATURATION = 3.0
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


def size(request: Request, sizes: list[int]) -> int | None:
    """Parse the short side at which the network is to look; None is the model's own."""
    text = request.query_params.get("size")
    if text is None:
        return None
    if text not in map(str, sizes):
        expected = ", ".join(map(str, sizes))
        raise HTTPException(400, f"size: expected one of {expected}, got {text!r}")
    return int(text)


def read_out(request: Request, candidates: int, takes_hints: bool) -> ReadOut:
    """Parse the settings by which a colouring is read out; raises HTTPException 400."""
    default = ReadOut()
    query = request.query_params
    return ReadOut(
        number(request, "temperature", default.temperature, 0.0, 1.0),
        number(request, "tau", None, 0.0, 1.0) if "tau" in query else None,
        number(request, "saturation", default.saturation, 0.0, MOST_SATURATION),
        number(request, "candidate", default.candidate, 0, candidates - 1),
        _hints(query.get("hints", ""), MOST if takes_hints else 0),
        number(request, "unify", None, 0.0, float(candidates > 1)) if "unify" in query else None,
    )


def _hints(text: str, most: int) -> tuple[Hint, ...]:
    """Parse 'x,y,a,b;...': places as shares of the sides, colours as ab in CIELAB units."""
    rows = text.split(";") if text else []
    if len(rows) > most:
        raise HTTPException(400, f"hints: expected at most {most}, got {len(rows)}")
    return tuple(hint(row) for row in rows)
