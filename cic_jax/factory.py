"""A caller's own functions that build parts of a model, and the names that the model keeps of them.

A model that such a function built can only be built again by it. Its description has the name,
'module:function', and no name is ever imported because a description has it: the caller hands over
the function, or says the name.
"""

import operator
import pkgutil
import sys
from collections.abc import Callable, Collection, Mapping

UNNAMED = "unnamed code"  # a lambda, an inner function, a partial, or of the script itself
NETWORK, TARGET = KINDS = ("network", "target")


class FactoryError(ValueError):
    """A function is missing, is another than the one that built the model, or cannot be found."""


def name_of(function: Callable) -> str:
    """Return 'module:function' if that name leads to the function again, else UNNAMED."""
    module = getattr(function, "__module__", None)
    name = f"{module}:{getattr(function, '__qualname__', '')}"
    return name if module != "__main__" and _imported(name) is function else UNNAMED


def resolve(name: str) -> Callable:
    """Import the function called 'module:function', which runs the code of that module.

    Raises FactoryError where there is no such function.
    """
    module, _, function = name.partition(":")
    if not module or not function:
        raise FactoryError(f"expected a name like module:function, got {name!r}")
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise FactoryError(
            f"cannot import {name}: {error}; is its folder on PYTHONPATH?"
        ) from error
    if not callable(found):
        raise FactoryError(f"{name} is a {type(found).__name__}, no function")
    return found


def agreed(
    recorded: Mapping[str, str],
    given: Mapping[str, Callable | None],
    named: Collection[str] = (),
) -> dict[str, Callable]:
    """Return the caller's functions that a model is to be built by, for each kind that has one.

    Args:
        recorded: For "network" and "target" the name in the model's description, if there is one.
        given: The functions that the caller hands over.
        named: Names that the caller allows to be imported; only those recorded are.

    Raises FactoryError where the caller and the description do not agree.
    """
    for name in named:
        if name not in recorded.values():
            built = " and ".join(f"its {k} by {recorded[k]}" for k in KINDS if k in recorded)
            raise FactoryError(f"{name} did not build it: {built or 'all of it is built in'}")
    functions = {k: _agreed(k, recorded.get(k, ""), given[k], named) for k in KINDS}
    return {kind: function for kind, function in functions.items() if function is not None}


def _agreed(
    kind: str, was: str, function: Callable | None, named: Collection[str]
) -> Callable | None:
    if function is None and was in named and was != UNNAMED:
        function = resolve(was)
    if function is None:
        if was == UNNAMED:
            raise FactoryError(
                f"its {kind} was built by {UNNAMED}: hand over the same function (build_{kind}=)"
            )
        if was:
            raise FactoryError(
                f"its {kind} was built by {was}: if you trust that code, allow it by "
                f"--factory={was} or hand the function over (build_{kind}=)"
            )
        return None
    is_same = was == name_of(function) or (was and _imported(was) is function)
    if not is_same:
        raise FactoryError(
            f"its {kind} was built by {was or 'this library'}, not by {name_of(function)}"
        )
    return function


def _imported(name: str) -> object:
    """Return what a name stands for in the modules imported already, else None."""
    module, _, attribute = name.partition(":")
    try:
        return operator.attrgetter(attribute)(sys.modules[module])
    except (KeyError, AttributeError):
        return None
