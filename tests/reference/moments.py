"""Exact moments in fractions, element by element."""

import math
import struct
from fractions import Fraction


def exact_moments(values):
    """Mean and standard deviation (ddof 0) of Python floats, each the nearest float64."""
    fractions = [Fraction(v) for v in values]
    n = len(fractions)
    mean = sum(fractions) / n
    variance = sum((v - mean) ** 2 for v in fractions) / n
    return mean.numerator / mean.denominator, nearest_root(variance)


def nearest_root(value):
    """The float64 nearest to a square root: the one whose halfway points' squares enclose it."""
    low, high = 0.0, math.inf
    while math.nextafter(low, math.inf) < high:
        # halve the patterns between the two, so that denormals take no longer than others
        middle = _float((_pattern(low) + _pattern(high)) // 2)
        low, high = (middle, high) if Fraction(middle) ** 2 <= value else (low, middle)
    halfway = (Fraction(low) + Fraction(high)) / 2
    even = _pattern(low) % 2 == 0
    return low if value < halfway**2 or (value == halfway**2 and even) else high


def _pattern(x):
    return int.from_bytes(struct.pack(">d", x), "big")


def _float(pattern):
    return struct.unpack(">d", pattern.to_bytes(8, "big"))[0]
