"""Functions of the caller's own that build parts of a model, and the names recorded for them.

Such a model can only be rebuilt by the same function. Its description records the function's name,
'module:function', but a recorded name alone is never imported: the caller passes the function or
allows the name.
"""

import operator
import pkgutil
import sys
from collections.abc import Callable, Collection, Mapping

UNNAMED = "unnamed code"  # for lambdas, inner functions, partials and the script's own
NETWORK, TARGET = KINDS = ("network", "target")


class FactoryError(ValueError):
    """A function that is missing, cannot be imported, or is not the one that built the model."""


def name_of(function: Callable) -> str:
    """Return 'module:function' if that name leads back to the function, else UNNAMED."""
    module = getattr(function, "__module__", None)
    name = f"{module}:{getattr(function, '__qualname__', '')}"
    return name if module != "__main__" and _imported(name) is function else UNNAMED


def resolve(name: str) -> Callable:
    """Import the function called 'module:function', which runs the code of that module.

    Raises FactoryError if there is no such function.
    """
    module, _, function = name.partition(":")
    if not module or not function:
        raise FactoryError(f"expected a name like module:function, got {name!r}")
    try:
        resolved = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise FactoryError(
            f"cannot import {name}: {error}; is its folder on PYTHONPATH?"
        ) from error
    if not callable(resolved):
        raise FactoryError(f"{name} is a {type(resolved).__name__}, no function")
    return resolved


def agreed(
    recorded: Mapping[str, str],
    given: Mapping[str, Callable | None],
    named: Collection[str] = (),
) -> dict[str, Callable]:
    """Return the caller's functions with which to build a model, by kind; {} if none.

    Args:
        recorded: Names in the model's description, by kind: "network" or "target".
        given: Functions that the caller passes, by kind.
        named: Names that the caller allows to be imported; each must be recorded.

    Raises FactoryError if the caller and the description disagree.
    """
    for name in named:
        if name not in recorded.values():
            built = " and ".join(f"its {k} by {recorded[k]}" for k in KINDS if k in recorded)
            raise FactoryError(f"{name} did not build it: {built or 'all of it is built in'}")
    functions = {k: _agreed(k, recorded.get(k, ""), given[k], named) for k in KINDS}
    return {kind: function for kind, function in functions.items() if function is not None}


def _agreed(
    kind: str, recorded: str, function: Callable | None, named: Collection[str]
) -> Callable | None:
    if function is None and recorded in named and recorded != UNNAMED:
        function = resolve(recorded)
    if function is None:
        if recorded == UNNAMED:
            raise FactoryError(
                f"its {kind} was built by {UNNAMED}: hand over the same function (build_{kind}=)"
            )
        if recorded:
            raise FactoryError(
                f"its {kind} was built by {recorded}: if you trust that code, allow it by "
                f"--factory={recorded} or hand the function over (build_{kind}=)"
            )
        return None
    is_same = recorded == name_of(function) or (recorded and _imported(recorded) is function)
    if not is_same:
        raise FactoryError(
            f"its {kind} was built by {recorded or 'this library'}, not by {name_of(function)}"
        )
    return function


def _imported(name: str) -> object:
    """Look a name up in the modules that are already imported; None if it is absent."""
    module, _, attribute = name.partition(":")
    try:
        return operator.attrgetter(attribute)(sys.modules[module])
    except (KeyError, AttributeError):
        return None
