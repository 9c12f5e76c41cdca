"""The error metric of the accuracy tests: every pair of numbers has an error, and none is NaN."""

import math
import sys
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
from errors import largest_error, relative_error
from hypothesis import example, given
from hypothesis import strategies as st

INF, NAN, TINY, HUGE = math.inf, math.nan, 5e-324, sys.float_info.max
SPECIAL = [0.0, -0.0, TINY, -TINY, 1.0, -1.0, HUGE, -HUGE, INF, -INF, NAN]
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(("a", "b"), list(product(SPECIAL, SPECIAL)))
def test_every_pair_has_an_error(a, b):
    error = relative_error(a, b)
    assert error >= 0  # false for NaN
    same = a == b or (math.isnan(a) and math.isnan(b))
    assert (error == 0) == same
    if not all(map(math.isfinite, (a, b))) or b == 0:
        assert error == (0 if same else INF)


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        (1.5, 1.0, 0.5),
        (1.0, -1.0, 2.0),
        (0.0, 3.0, 1.0),
        (HUGE, -HUGE, 2.0),  # the difference is no float
        (2 * TINY, TINY, 1.0),
        (TINY, HUGE, 1.0),
        (HUGE, TINY, INF),  # the quotient is no float
        (0.1, Fraction(1, 10), float(abs(Fraction(0.1) - Fraction(1, 10)) * 10)),
        (10**30, 10**30 + 1, 1e-30),  # integers are not rounded
        (np.float32(0.5), 0.25, 1.0),
        (0.0, mpmath.mpf("1e-400"), 1.0),  # the exact number is no float
        (mpmath.mpf("1e-400"), mpmath.mpf("2e-400"), 0.5),
    ],
)
def test_known_errors(a, b, error):
    assert relative_error(a, b) == pytest.approx(error, rel=1e-15, abs=0)


@given(finite, finite.filter(bool))
@example(1.0, math.nextafter(1.0, 2.0))
def test_errors_are_those_of_fractions(a, b):
    a, b = Fraction(a), Fraction(b)
    exact = abs(a - b) / abs(b)
    found = relative_error(float(a), float(b))
    if exact > Fraction(HUGE):
        assert found == INF or found == HUGE
    else:
        assert abs(Fraction(found) - exact) <= exact / 2**52 + Fraction(TINY)


def test_numbers_of_high_precision_are_not_rounded():
    with mpmath.workdps(50):
        exact = 1 + mpmath.mpf(10) ** -40
        assert relative_error(1.0, exact) == pytest.approx(1e-40, rel=1e-9)


def test_a_grain_is_forgiven():
    assert relative_error(3 * TINY, TINY, grain=2 * TINY) == 0
    assert relative_error(3 * TINY, TINY, grain=TINY) == 1
    assert relative_error(TINY, 0.0, grain=TINY) == 0
    assert relative_error(NAN, 0.0, grain=1.0) == INF
    assert relative_error(INF, 0.0, grain=HUGE) == INF
    for grain in (-1.0, NAN, INF):
        with pytest.raises(ValueError, match="grain"):
            relative_error(1.0, 1.0, grain=grain)


def test_a_nan_among_many_is_the_largest_error():
    assert largest_error([1.0, NAN, 1.0], [1.0, 1.0, 1.0]) == INF
    assert largest_error([1.0, 1.5], [1.0, 1.0]) == 0.5
    with pytest.raises(ValueError, match="no pair"):
        largest_error([], [])
    with pytest.raises(ValueError, match="argument"):
        largest_error([1.0], [])
