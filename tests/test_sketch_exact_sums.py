"""Exact sums against fractions, and their rounding against high precision."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st

from htstats.sketch.exact_sums import ExactSums, round_fraction, round_root

BITS = {"float32": np.uint32, "float64": np.uint64}
MANTISSA = {"float32": 23, "float64": 52}
FIELDS = {"float32": 256, "float64": 2048}


@st.composite
def arrays(draw, dtype):
    """Random patterns of a few lengths, exponents close together or anywhere."""
    n = draw(st.sampled_from([0, 1, 7, 8, 15, 16, 17, 100, 2047, 2048, 2049, 5000]))
    low, high = sorted(draw(st.tuples(*[st.integers(0, FIELDS[dtype] - 1)] * 2)))
    high = min(high, low + draw(st.sampled_from([0, 3, 17, 18, 19, 47, 48, 3000])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = BITS[dtype]
    field = rng.integers(low, high + 1, n).astype(bits)
    mantissa = rng.integers(0, 1 << MANTISSA[dtype], n).astype(bits)
    if draw(st.booleans()):  # all ones or zeros: the largest sums and the coarsest numbers
        mantissa = np.where(mantissa & 1, (1 << MANTISSA[dtype]) - 1, 0).astype(bits)
    sign = rng.integers(0, draw(st.integers(1, 2)), n).astype(bits)
    width = bits(0).itemsize * 8 - 1
    return (sign << width | field << MANTISSA[dtype] | mantissa).view(dtype)


@draws(150, dtype=BITS)
def test_sums_are_exact(dtype, data):
    x = data.draw(arrays(dtype))
    sums = ExactSums(dtype).update(x)
    finite = [Fraction(v) for v in x.tolist() if np.isfinite(v)]
    assert sums.n == len(finite)
    assert sums.n_not_finite == len(x) - len(finite)
    assert sums.total == sum(finite)
    assert sums.total_of_squares == sum(v * v for v in finite)


@pytest.mark.parametrize("dtype", BITS)
def test_the_largest_block_sums_fit(dtype):
    # every element as large as its exponent allows, and one that puts the grid as low as it goes
    for largest in (np.finfo(dtype).max, np.nextafter(np.array(2, dtype), 0), np.finfo(dtype).tiny):
        for step in (1, 2.0**-18, 2.0**-19):
            x = np.full(2048, largest, dtype)
            x[-1] = largest * np.array(step, dtype)
            for sign in (1, -1):
                sums = ExactSums(dtype).update(sign * x)
                one, last = Fraction(float(largest)), Fraction(float(x[-1]))
                assert sums.total == sign * (2047 * one + last)
                assert sums.total_of_squares == 2047 * one**2 + last**2


@draws(30, dtype=BITS)
def test_blocks_may_differ_in_size(dtype, data):
    """A block is added as the one before it, unless its elements turn out to be of other sizes."""
    steps = st.sampled_from([0, 0, 0, 1, -1, -2, -3, 7, -20, 60, -100])
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scale, blocks = 0, []
    for step in data.draw(st.lists(steps, min_size=1, max_size=12)):
        scale = min(max(scale + step, -149), 120)
        block = np.ldexp(rng.standard_normal(2048), scale).astype(dtype)
        few = rng.integers(0, 2048, data.draw(st.sampled_from([0, 0, 1, 40])))
        block[few] *= np.array(data.draw(st.sampled_from([0, 2.0**-17, 2.0**-30])), dtype)
        if data.draw(st.integers(0, 9)) == 0:
            block[few] = np.nan
        blocks.append(block)
    x = np.concatenate(blocks)[data.draw(st.integers(0, 20)) :]
    sums = ExactSums(dtype).update(x)
    unit = 2**1074
    finite = [n * (unit // d) for n, d in map(float.as_integer_ratio, x[np.isfinite(x)].tolist())]
    assert sums.n_not_finite == len(x) - len(finite)
    assert sums.total == Fraction(sum(finite), unit)
    assert sums.total_of_squares == Fraction(sum(n * n for n in finite), unit**2)


@pytest.mark.parametrize("dtype", BITS)
def test_many_equal_squares_do_not_overflow(dtype):
    x = np.full(2**20 + 3, np.nextafter(np.array(2, dtype), 0))
    x[-1] = 2.0**-60 if dtype == "float64" else 2.0**-30
    one, last = Fraction(float(x[0])), Fraction(float(x[-1]))
    sums = ExactSums(dtype).update(x)
    assert sums.total_of_squares == (2**20 + 2) * one**2 + last**2
    small = np.full(2**17, np.nextafter(np.array(2.0**-25, dtype), 0))
    small[::2048] = 1  # everything else of a block is far below its largest element
    sums = ExactSums(dtype).update(small)
    count = 2**17 // 2048
    assert sums.total_of_squares == count + (2**17 - count) * Fraction(float(small[1])) ** 2


@pytest.mark.parametrize("dtype", BITS)
def test_threads_leave_no_trace(dtype):
    x = np.random.default_rng(0).standard_t(2, 700_000).astype(dtype)
    one = ExactSums(dtype).update(x)
    for n_threads in (2, 3, 5):
        assert vars(ExactSums(dtype).update(x, n_threads)) == vars(one)


@given(st.fractions(min_value=0), st.integers(-2200, 900))
@settings(max_examples=300, deadline=None)
def test_roots_are_correctly_rounded(value, exponent):
    value *= Fraction(2) ** exponent
    with mpmath.workprec(3000):
        root = mpmath.sqrt(mpmath.mpf(value.numerator) / value.denominator)
        expected = Fraction(int(mpmath.floor(root * 2**2900)), 2**2900)
    if expected < Fraction(np.finfo(float).max):
        cut_off = Fraction(expected**2 != value, 2**2901)  # tells a root from a halfway point
        assert round_root(value) == round_fraction(expected + cut_off)


def test_perfect_squares_and_halfway_points():
    for root in (0, 1, 3, 2**53 - 1, 2**53 + 1, 2**54 + 2, 2**54 + 6):  # the last two are ties
        assert round_root(Fraction(root**2)) == float(root)
        assert round_root(Fraction(root**2, 4**40)) == float(root) / 2**40
    assert round_root(Fraction((2**54 + 2) ** 2 + 1)) == float(2**54 + 4)
    assert round_root(Fraction((2**54 + 2) ** 2 - 1)) == float(2**54)
    assert round_root(Fraction(1, 4**1074)) == 5e-324
