"""Positive floats of any bit pattern are sorted as np.sort sorts them, bit by bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htstats._core import sort
from htstats._exact_fit import candidates
from htstats._exact_fit.candidates import sort_distinct

SORTS = {np.float32: (sort.sort_f32, np.uint32), np.float64: (sort.sort_f64, np.uint64)}
INFINITE = {np.float32: 0x7F800000, np.float64: 0x7FF0000000000000}
FLOATS = pytest.mark.parametrize("dtype", list(SORTS))

# Sorted by insertion, by digits, and in parts: see htst_sort.c.
SIZES = [0, 1, 2, 24, 25, 26, 63, 64, 65, 1000, 4097, 262_144, 262_145, 524_288, 524_289]


def agrees(bits, dtype):
    """Sorts the patterns, and sees that nothing around them is touched."""
    call, unsigned = SORTS[dtype]
    room = np.full(len(bits) + 2, 7, unsigned)
    room[1:-1] = bits
    call(room[1:-1].view(dtype), np.empty(len(bits), dtype))
    np.testing.assert_array_equal(room[1:-1], np.sort(bits))
    assert room[0] == room[-1] == 7


@st.composite
def patterns(draw, infinite):
    """Some random, in fields that some, or all, have in common; in any order."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(0, 400))
    bits = rng.integers(0, infinite, n, endpoint=True)
    for _ in range(draw(st.integers(0, 3))):
        start, size = draw(st.integers(0, 62)), draw(st.integers(1, 62))
        field = ((1 << size) - 1) << start & 0x7FFFFFFFFFFFFFFF
        few = rng.integers(0, infinite, draw(st.integers(1, 3)))
        some = rng.random(n) < draw(st.sampled_from([0.5, 0.98, 1.0]))
        bits[some] = (bits[some] & ~field) | (few[rng.integers(0, len(few), some.sum())] & field)
    bits = np.minimum(bits, infinite)
    order = draw(st.sampled_from(["any", "up", "down", "nearly"]))
    if order != "any":
        bits.sort()
    if order == "down":
        bits = bits[::-1]
    if order == "nearly" and n:
        i, j = rng.integers(0, n, 2)
        bits[[i, j]] = bits[[j, i]]
    return bits


@FLOATS
@given(data=st.data())
def test_any_patterns(dtype, data):
    agrees(data.draw(patterns(INFINITE[dtype])).astype(SORTS[dtype][1]), dtype)


SAMPLES = {
    "pareto": lambda rng, n: (1 - rng.random(n)) ** (-1 / 1.5),
    "normal": lambda rng, n: np.abs(rng.standard_normal(n)),
    "uniform": lambda rng, n: rng.random(n),
    "few": lambda rng, n: rng.random(50)[rng.integers(0, 50, n)],
    "integers": lambda rng, n: np.floor(rng.pareto(1.1, n)),
    "constant": lambda rng, n: np.full(n, 0.1),
    "ascending": lambda rng, n: np.arange(1.0, n + 1),
    "descending": lambda rng, n: np.arange(n, 0.0, -1),
    "one far away": lambda rng, n: np.append(1 + rng.random(n)[1:], 1e30)[-n or n :],
    "denormal": lambda rng, n: rng.integers(0, 2**60, n) * 5e-324,
    "all exponents": lambda rng, n: 2.0 ** rng.uniform(-120, 120, n),
}


@FLOATS
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", list(SAMPLES))
def test_samples(name, n, dtype):
    x = SAMPLES[name](np.random.default_rng(n), n).astype(dtype)
    agrees(x.view(SORTS[dtype][1]), dtype)


@FLOATS
def test_distinct_values_and_what_lies_before_them(dtype):
    for n in (1, 2, 30, 5000):
        x = np.ceil(np.random.default_rng(n).pareto(1, n) * 20).astype(dtype)
        expected, counts = np.unique(x, return_counts=True)
        values, first = sort_distinct(x)
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(first, np.append(0, np.cumsum(counts)))
    values, first = sort_distinct(np.empty(0, dtype))
    assert len(values) == 0
    assert first.tolist() == [0]


@FLOATS
def test_room(dtype):
    with pytest.raises(ValueError, match="other must have 3 elements, got 2"):
        SORTS[dtype][0](np.ones(3, dtype), np.ones(2, dtype))


@FLOATS
@pytest.mark.parametrize("is_faster", [True, False])
def test_large_arrays_are_sorted_by_either(monkeypatch, is_faster, dtype):
    """A trial chooses NumPy's sort or the library's. The result has the same bits."""
    asked = []
    trial = candidates._numpy_is_faster
    monkeypatch.setattr(
        candidates, "_numpy_is_faster", lambda name: asked.append(name) or is_faster
    )
    rng = np.random.default_rng(8)
    x = rng.integers(0, INFINITE[dtype], 1 << 18).astype(SORTS[dtype][1]).view(dtype)
    x[::3] = np.round(rng.pareto(1.2, x[::3].size)).astype(dtype)
    expected, times = np.unique(x, return_counts=True)
    values, first = sort_distinct(x.copy())
    assert asked == [np.dtype(dtype).name]
    assert np.array_equal(values, expected)
    assert np.array_equal(np.diff(first), times)
    assert trial(np.dtype(dtype).name) in (True, False)
