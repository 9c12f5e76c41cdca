"""Express a threshold as two bit patterns of a dtype, so that the comparison is exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from htstats._common.checks import one_of
from htstats.compression.matrix import KEEPS
from htstats.sketch import FORMATS

__all__ = ["Bounds"]


class Bounds(NamedTuple):
    """The rule "w > high or w < low" in ordered integers, which sort like the numbers of `dtype`.

    The ordered integer is the pattern of w if w is positive, and -1 - pattern of abs(w) if w is
    negative.
    """

    dtype: str
    low: int
    high: int

    @classmethod
    def of(cls, dtype: str, keep: str, tau: float, mean: float = 0.0) -> Bounds:
        """The rule that gives the same decisions as exact arithmetic with `tau` and `mean`.

        The upper bound is replaced by the largest number of `dtype` at or below it, and the lower
        bound by the smallest number of `dtype` at or above it.
        """
        one_of("keep", keep, KEEPS)
        centre = Fraction(mean) if keep == "centered" else Fraction(0)
        high = _largest_ordered(centre + Fraction(tau), dtype)
        if keep == "upper":
            form = FORMATS[dtype]
            return cls(dtype, -(form.exponents << form.mantissa), high)
        return cls(dtype, -1 - _largest_ordered(Fraction(tau) - centre, dtype), high)


def _largest_ordered(bound: Fraction, dtype: str) -> int:
    """The largest number of a dtype at or below a bound, as an ordered integer.

    For ordered integers, see `Bounds`. For a bound above all finite numbers, the result is the
    largest finite number; for a bound below all finite numbers, it is minus infinity.
    """
    form = FORMATS[dtype]
    magnitude = abs(bound)
    if magnitude == 0:
        return 0
    # e is the largest integer with 2^e <= magnitude, or one too large, which is then corrected
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
