"""Load the names of a package when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["LATE_FUNCTIONS", "attributes_of", "load_function"]

# Functions that a subpackage may call although it must not import their modules: name -> module.
# htstats/__init__.py fills this dict, so that no subpackage refers to one of a higher level.
LATE_FUNCTIONS: dict[str, str] = {}


def load_function(name: str) -> Callable[..., Any]:
    """Import the module of a function of `LATE_FUNCTIONS`, and return the function."""
    function: Callable[..., Any] = getattr(import_module(LATE_FUNCTIONS[name]), name)
    return function


def _has_module(package: str, name: str) -> bool:
    """Whether a package has a public module of this name; the module is not imported."""
    from importlib.util import find_spec

    return not name.startswith("_") and find_spec(f"{package}.{name}") is not None


def attributes_of(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make `__getattr__` and `__dir__` for a package whose modules are loaded on first use.

    Parameters
    ----------
    package : str
        The `__name__` of the package.
    places : mapping of str to str
        For each name, the module that defines it, relative to the package; "" if the name is itself
        a module.

    Examples
    --------
    >>> get, _ = attributes_of("json", {"JSONDecoder": "decoder", "tool": ""})
    >>> get("JSONDecoder").__name__, get("tool").__name__
    ('JSONDecoder', 'json.tool')
    """

    def get(name: str) -> Any:
        if name not in places:
            hint = f"; import {package}.{name} loads it" if _has_module(package, name) else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")
        module = places[name]
        if not module:
            return import_module(f"{package}.{name}")
        value = getattr(import_module(f"{package}.{module}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places})

    return get, names
