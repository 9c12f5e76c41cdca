"""Parse threshold rules: their names and their numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from htstats._common.messages import suggest

__all__ = ["Rule", "needs_sketch", "parse_rule"]


class Rule(NamedTuple):
    """A parsed rule: its name and its numbers."""

    name: str
    numbers: tuple[Fraction, ...] = ()


def parse_rule(text: str) -> Rule:
    """Read a rule string.

    Raises
    ------
    ValueError
        If the text is not a rule, or one of its numbers is out of range.

    Examples
    --------
    >>> parse_rule("quantile:0.9")
    Rule(name='quantile', numbers=(Fraction(9, 10),))
    """
    name, colon, rest = text.partition(":")
    fields = rest.split(",") if colon else []
    wanted = {"std": 0, "xmin": 0, "quantile": 1, "nnz": 1, "error": 2}
    try:
        numbers = tuple(Fraction(field.strip()) for field in fields)
    except (ValueError, ZeroDivisionError):
        numbers = ()
    if name not in wanted or len(numbers) != wanted[name] or len(fields) != len(numbers):
        raise ValueError(
            "threshold must be a number, 'std', 'quantile:Q', 'nnz:K', 'xmin' or "
            f"'error:EPS,ETA', got {text!r}" + ("" if name in wanted else suggest(name, wanted))
        )
    broken = _out_of_range(name, numbers)
    if broken:
        raise ValueError(f"threshold {name!r} needs {broken}, got {text!r}")
    return Rule(name, numbers)


def _out_of_range(name: str, numbers: tuple[Fraction, ...]) -> str:
    if name == "quantile" and not 0 <= numbers[0] <= 1:
        return "Q in [0, 1]"
    if name == "nnz" and (numbers[0] < 0 or numbers[0].denominator != 1):
        return "an integer K of 0 or above"
    if name == "error" and not (numbers[0] > 0 and 0 < numbers[1] < 1):
        return "EPS > 0 and 0 < ETA < 1"
    return ""


def needs_sketch(threshold: float | str) -> bool:
    """Whether a rule needs the buckets of a sketch in addition to exact sums."""
    return isinstance(threshold, str) and parse_rule(threshold).name in ("quantile", "nnz", "error")
