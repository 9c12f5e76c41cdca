"""Check arguments: each function returns a valid value; for others, an error names the argument."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from htstats._common.messages import suggest

__all__ = [
    "count",
    "finite",
    "nonnegative",
    "one_of",
    "open_probability",
    "positive",
    "probability",
    "require_finite",
]


def finite(name: str, value: Any) -> float:
    """Require a finite real number."""
    number = _real(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number


def positive(name: str, value: Any) -> float:
    """Require a finite number above 0."""
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return number


def nonnegative(name: str, value: Any) -> float:
    """Require a finite number, 0 or above."""
    number = finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must be 0 or above, got {value!r}")
    return number


def probability(name: str, value: Any) -> float:
    """Require a number in [0, 1]."""
    number = _real(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value!r}")
    return number


def open_probability(name: str, value: Any) -> float:
    """Require a number in (0, 1)."""
    number = _real(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must be in (0, 1), got {value!r}")
    return number


def count(name: str, value: Any, *, at_least: int = 0, below: int | None = None) -> int:
    """Require an integer in [at_least, below)."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if number < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {number}")
    if below is not None and number >= below:
        raise ValueError(f"{name} must be below {below}, got {number}")
    return number


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """Require one of a few words."""
    if value not in choices:
        words = ", ".join(repr(choice) for choice in choices)
        near = suggest(value, choices) if isinstance(value, str) else ""
        raise ValueError(f"{name} must be one of {words}, got {value!r}{near}")
    return str(value)


def require_finite(name: str, n_bad: int, noun: str = "values") -> None:
    """Raise ValueError if `n_bad`, the number of NaN and infinite elements, is not 0."""
    if n_bad:
        raise ValueError(f"{name} must be finite, got {n_bad} NaN or infinite {noun}")


def _real(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a real number, got {value!r}") from None
