"""The error of a computed number, defined for every pair of numbers.

A test of accuracy takes the largest error over many points. A NaN would vanish there:
`max(0.0, math.nan)` is 0.0. So no error here is ever NaN.

| computed | exact | error |
|---|---|---|
| NaN | NaN | 0 |
| NaN | a number, or the other way round | inf |
| inf | inf of the same sign | 0 |
| an infinity | a finite number or the other infinity, or the other way round | inf |
| 0.0 or -0.0 | 0.0 or -0.0 | 0 |
| not 0 | 0 | inf |
| finite | finite, not 0 | abs(computed - exact) / abs(exact) |

The sign of a zero is no error: a test that cares compares bits. `grain` is an absolute difference
that counts for nothing, such as the distance between two denormal numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import mpmath

Number = float | int | Fraction | mpmath.mpf


def relative_error(computed: Number, exact: Number, *, grain: float = 0.0) -> float:
    """abs(computed - exact) / abs(exact), less `grain`; never NaN (see the table above).

    The difference and the quotient are taken with 64 bits more than the arguments have, so they
    neither overflow nor cancel. The result is rounded to a float, and is inf above the largest.
    """
    if not 0 <= grain < math.inf:
        raise ValueError(f"grain must be finite and not negative, got {grain}")
    with mpmath.workprec(max(mpmath.mp.prec, 53) + 64):
        a, b = _multiprecision(computed), _multiprecision(exact)
        if mpmath.isnan(a) or mpmath.isnan(b):
            return 0.0 if mpmath.isnan(a) and mpmath.isnan(b) else math.inf
        if a == b:
            return 0.0
        if mpmath.isinf(a) or mpmath.isinf(b):
            return math.inf
        excess = abs(a - b) - grain
        if excess <= 0:
            return 0.0
        return float(excess / abs(b)) if b else math.inf


def largest_error(computed: Iterable[Number], exact: Iterable[Number], *, grain=0.0) -> float:
    """The largest relative error of pairs; of no pairs, or of unequal lengths, a ValueError."""
    errors = [relative_error(a, b, grain=grain) for a, b in zip(computed, exact, strict=True)]
    if not errors:
        raise ValueError("there is no pair to compare")
    return max(errors)


def _multiprecision(x: Number) -> mpmath.mpf:
    """x as an mpf: exactly, but for fractions, which are rounded to the working precision."""
    if isinstance(x, Fraction):
        return mpmath.mpf(x.numerator) / x.denominator
    if isinstance(x, int | mpmath.mpf):
        return mpmath.mpf(x)
    return mpmath.mpf(float(x))
