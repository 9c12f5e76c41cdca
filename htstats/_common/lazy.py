"""Names of a package that are loaded when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["LATE_FUNCTIONS", "attributes_of", "load_function"]

# Functions that a room may call although they stand in a room above it: name and module. The top
# of the package fills it, so that no room has to know of a room above.
LATE_FUNCTIONS: dict[str, str] = {}


def load_function(name: str) -> Callable[..., Any]:
    """A function of `LATE_FUNCTIONS`; its module is imported."""
    function: Callable[..., Any] = getattr(import_module(LATE_FUNCTIONS[name]), name)
    return function


def attributes_of(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose names live in modules loaded later.

    Parameters
    ----------
    package : str
        Its `__name__`.
    places : mapping of str to str
        For each name the module, relative to the package, that has it; "" where the name is itself
        a module.

    Examples
    --------
    >>> get, _ = attributes_of("json", {"JSONDecoder": "decoder", "tool": ""})
    >>> get("JSONDecoder").__name__, get("tool").__name__
    ('JSONDecoder', 'json.tool')
    """

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = places[name]
        if not module:
            return import_module(f"{package}.{name}")
        value = getattr(import_module(f"{package}.{module}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places})

    return get, names
