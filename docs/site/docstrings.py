"""Docstrings as reStructuredText: they are plain text, in which `name` is code."""

import inspect
import re
from typing import Any

from sphinx import addnodes
from sphinx.pycode import parser

import cic_jax

EXAMPLE = re.compile(r"((?:^ *>>> .*\n(?:(?! *$).*\n)*)+)", re.MULTILINE)
# A list's bullet stays. Then what stands in backticks, or a sign that would be taken for markup.
PARTS = re.compile(r"^ *\* |`([^`]+)`|([*|\\])|(\w)_(?!\w)", re.MULTILINE)
NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\Z")
SECTIONS = {"Args:": "param ", "Raises:": "raises ", "Returns:": "returns"}
ARRAY = re.compile(r"(?:\w+\.)+Array\b|\bndarray\b")
LONGEST = 80  # characters of a value that is shown


def markup(text: str) -> str:
    """Convert plain text; names of the package become links where they can."""
    return PARTS.sub(_part, text)


def _part(match: re.Match) -> str:
    code, sign, letter = match.groups()
    if sign:
        return f"\\{sign}"
    if letter:
        return f"{letter}\\_"
    if not code:
        return match[0]
    goes_on = match.string[match.end() : match.end() + 1].isalnum()
    return _code(" ".join(code.split())) + ("\\ " if goes_on else "")


def _code(text: str) -> str:
    if not NAME.match(text):
        return f"``{text}``"
    if "." in text and text.partition(".")[0] in cic_jax.__all__:
        return f":py:obj:`{text} <cic_jax.{text}>`"
    return f":py:obj:`{text}`"


def fields(lines: list[str]) -> list[str]:
    """Turn the sections for arguments, errors and results into fields."""
    out: list[str] = []
    kind = ""
    for line in lines:
        if line in SECTIONS:
            kind = SECTIONS[line]
        elif kind and line and not line.startswith(" "):
            kind = ""
            out += ["", line]
        elif kind == "returns":
            out.append(f":returns: {line.strip()}" if line else "")
        elif kind and re.match(r" {4}\S", line):
            name, _, told = line.strip().partition(": ")
            out.append(f":{kind}{name}: {told}")
        else:
            out.append(line)
    return out


def convert(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Convert a docstring in place; examples stay as they are."""
    parts = EXAMPLE.split("\n".join(fields(lines)) + "\n")
    parts[::2] = [markup(part) for part in parts[::2]]
    lines[:] = "".join(parts).split("\n")
    if what == "module" and hasattr(obj, "__path__"):
        lines.extend([_exports(obj), ""])


def _exports(package: Any) -> str:
    """List what a package lets others import from it."""
    found = {name: getattr(package, name) for name in getattr(package, "__all__", ())}
    homes = {name: getattr(value, "__module__", None) for name, value in found.items()}
    links = [
        f":py:obj:`{name} <{home}.{name}>`" if home else f"``{name}``"
        for name, home in homes.items()
    ]
    return f"Exports {', '.join(links)}." if links else ""


def shorten(
    app: Any,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    result: str | None,
) -> tuple[str | None, str | None]:
    """Write types of arrays as the code does: `Array` of JAX, `np.ndarray` of NumPy."""

    def named(text: str | None) -> str | None:
        return text and ARRAY.sub(lambda m: "np.ndarray" if m[0] == "ndarray" else "Array", text)

    return named(signature), named(result)


def hide(app: Any, domain: str, kind: str, content: Any) -> None:
    """Remove the value of a constant where it is long."""
    for value in list(content.parent.findall(addnodes.desc_annotation)):
        if value.astext().lstrip().startswith("=") and len(value.astext()) > LONGEST:
            value.parent.remove(value)


def skip(app: Any, what: str, name: str, obj: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out functions of other projects, such as those that matplotlib adds to a figure."""
    foreign = inspect.isfunction(obj) and not obj.__module__.startswith("cic_jax")
    return True if foreign else None


def setup(app: Any) -> dict[str, bool]:
    """Register all with Sphinx, and have it read the comments behind constants and fields."""
    parser.comment_re = re.compile(r"^\s*#:? ?(?!type:|noqa)(.*)\r?\n?$")
    app.connect("autodoc-process-docstring", convert)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-skip-member", skip)
    app.connect("object-description-transform", hide)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
