"""Sections of docstrings that several functions share, written once."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from textwrap import indent
from typing import Any, TypeVar

__all__ = ["add_sections", "entry"]

F = TypeVar("F", bound=Callable[..., Any])


def add_sections(**sections: str) -> Callable[[F], F]:
    """Decorate a function: put sections into its docstring, before its examples.

    `help` then shows them in full, so that no function has to refer to another one.

    Examples
    --------
    >>> @add_sections(Returns="int", Notes="Exact.")
    ... def half(n):
    ...     '''Half of n.'''
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
        if function.__doc__:  # there is none under python -OO
            head, mark, examples = cleandoc(function.__doc__).partition("Examples\n")
            parts = [head.strip()]
            parts += [f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items()]
            function.__doc__ = "\n\n".join([*parts, *([mark + examples] if mark else [])])
        return function

    return add


def entry(kind: str, text: str) -> str:
    """An entry of a section: a name or type, and its description below."""
    return f"{kind}\n{indent(cleandoc(text), '    ')}"
