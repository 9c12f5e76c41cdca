"""A threshold as two bit patterns of a dtype: the comparison is then exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from htstats._common.checks import one_of
from htstats.compression.matrix import KEEPS
from htstats.sketch import FORMATS

__all__ = ["Bounds"]


class Bounds(NamedTuple):
    """The rule "w > high or w < low" in ordered integers, which grow with the numbers of `dtype`.

    They are the pattern of a positive number, and -1 - pattern of abs(w) for a negative one.
    """

    dtype: str
    low: int
    high: int

    @classmethod
    def of(cls, dtype: str, keep: str, tau: float, mean: float = 0.0) -> Bounds:
        """The rule that decides as exact arithmetic does on the real numbers `tau` and `mean`.

        Of the numbers of `dtype`, the largest at or below the upper bound and the smallest at or
        above the lower one stand for the bounds.
        """
        one_of("keep", keep, KEEPS)
        centre = Fraction(mean) if keep == "centered" else Fraction(0)
        high = _ordered_at_most(centre + Fraction(tau), dtype)
        if keep == "upper":
            form = FORMATS[dtype]
            return cls(dtype, -(form.exponents << form.mantissa), high)
        return cls(dtype, -1 - _ordered_at_most(Fraction(tau) - centre, dtype), high)


def _ordered_at_most(bound: Fraction, dtype: str) -> int:
    """The largest number of a dtype at or below a bound, as an ordered integer.

    Ordered integers grow with the numbers: the pattern of a positive one, and -1 - pattern of a
    negative one. Beyond the largest finite number the answer is that number or, below, minus
    infinity.
    """
    form = FORMATS[dtype]
    magnitude = abs(bound)
    if magnitude == 0:
        return 0
    # 2^e <= magnitude, up to one too large, which the loop takes back
    e = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < Fraction(2) ** e:
        e -= 1
    field = max(e + form.exponents // 2 - 1, 1)
    steps = magnitude / Fraction(2) ** form.scale(field)
    whole = steps.numerator // steps.denominator
    infinity = (form.exponents - 1) << form.mantissa
    pattern = min(((field - 1) << form.mantissa) + whole, infinity)
    if bound >= 0:
        return min(pattern, infinity - 1)
    return -1 - min(pattern + (steps != whole), infinity)
