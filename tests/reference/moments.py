"""Exact moments in fractions, element by element."""

from fractions import Fraction

import mpmath


def exact_moments(values):
    """Mean and standard deviation (ddof 0) of Python floats, each the nearest float64."""
    fractions = [Fraction(v) for v in values]
    n = len(fractions)
    mean = sum(fractions) / n
    variance = sum((v - mean) ** 2 for v in fractions) / n
    with mpmath.workprec(4000):  # far beyond what float64 squares need
        root = mpmath.sqrt(mpmath.mpf(variance.numerator) / variance.denominator)
        return float(mean), float(root)
