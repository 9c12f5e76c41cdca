"""Add shared sections to the docstrings of several functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import cleandoc
from textwrap import indent
from typing import Any, TypeVar

__all__ = ["OUTPUT", "RAISES_ARGUMENT", "RAISES_TYPE", "add_sections", "entry"]

F = TypeVar("F", bound=Callable[..., Any])


# Entries of functions that broadcast their arguments (htstats._common.broadcast).
OUTPUT = """\
out : ndarray of float64, optional
    Array for the result; it must have the broadcast shape.
n_threads : int
    Number of threads for large arrays; the result does not depend on it."""
RAISES_TYPE = """\
TypeError
    If an argument does not consist of real numbers."""

# The section of functions whose messages name the argument.
RAISES_ARGUMENT = """\
TypeError, ValueError
    If an argument is of the wrong kind or out of range."""

# The order of sections in numpydoc.
ORDER = ("Parameters", "Attributes", "Returns", "Raises", "Notes", "References", "Examples")

TITLE = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)


def add_sections(**sections: str) -> Callable[[F], F]:
    """Make a decorator that adds sections to the docstring of a function or class.

    All sections are in the order of numpydoc. `help` shows them in full, so no function has to
    refer to another one.

    Examples
    --------
    >>> @add_sections(Returns="int")
    ... def half(n):
    ...     '''Half of n.
    ...
    ...     Notes
    ...     -----
    ...     Exact.
    ...     '''
    >>> print(half.__doc__)
    Half of n.
    <BLANKLINE>
    Returns
    -------
    int
    <BLANKLINE>
    Notes
    -----
    Exact.
    """

    def add(function: F) -> F:
        if function.__doc__:  # python -OO removes docstrings
            summary, *own = TITLE.split(cleandoc(function.__doc__))
            found = sections | dict(zip(own[::2], own[1::2], strict=True))
            parts = [
                f"{title}\n{'-' * len(title)}\n{found[title].strip()}"
                for title in sorted(found, key=ORDER.index)
            ]
            function.__doc__ = "\n\n".join([summary.strip(), *parts])
        return function

    return add


def entry(kind: str, text: str) -> str:
    """Format an entry of a section: a name or type, and its description below."""
    return f"{kind}\n{indent(cleandoc(text), '    ')}"
