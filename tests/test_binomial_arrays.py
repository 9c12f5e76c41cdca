"""Arguments of the binomial functions: shapes, dtypes, outputs, threads, bad values."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htstats import binomial
from htstats._common import broadcast
from htstats.binomial import _arguments as _binomial_arrays

FUNCTIONS = tuple(_binomial_arrays.FUNCTIONS)


@pytest.fixture(params=FUNCTIONS)
def function(request):
    return getattr(binomial, request.param)


def test_shapes(function):
    assert isinstance(function(3, 10, 0.5), float)
    assert isinstance(function(np.int64(3), np.float64(10), np.array(0.5)), float)
    assert function(np.zeros((0, 4)), 10, 0.5).shape == (0, 4)
    assert function([], [], []).shape == (0,)
    assert function([3], 10, 0.5).shape == (1,)
    k, n, p = np.arange(3)[:, None, None], np.array([10, 20])[:, None], np.linspace(0, 1, 5)
    block = function(k, n, p)
    assert block.shape == (3, 2, 5)
    for i in np.ndindex(3, 2, 5):
        assert block[i] == function(k[i[0], 0, 0], n[i[1], 0], p[i[2]])


def test_shapes_that_do_not_fit(function):
    with pytest.raises(ValueError, match=r"^k, n and p must broadcast"):
        function(np.zeros(3), np.full(2, 10), 0.5)


def test_every_dtype_is_the_same_number(function):
    want = function(3, 10, 0.25)
    for dtype in (np.int8, np.uint8, np.int32, np.uint64, np.float16, np.float32, ">i8", ">f8"):
        assert function(np.array([3], dtype), np.array([10], dtype), 0.25)[0] == want
    assert function(3, 10, np.array([0.25], ">f8"))[0] == want
    assert function(True, np.array([10]), np.float32(0.25)) == function(1, 10, 0.25)
    assert function(False, True, True) == function(0, 1, 1)
    steps = np.arange(12.0)[::-4]
    np.testing.assert_array_equal(function(steps, 12, 0.5), [function(x, 12, 0.5) for x in steps])


@pytest.mark.parametrize("bad", ["3", 3j, None, object(), np.datetime64("2020"), [2**70, None]])
def test_what_is_not_a_number(function, bad):
    for place, name in enumerate("knp"):
        arguments = [1, 3, 0.5]
        arguments[place] = bad
        with pytest.raises(TypeError, match=rf"^{name} must be real numbers"):
            function(*arguments)


def test_whole_numbers_beyond_a_double(function):
    top = 2**53
    for beyond in (top + 1, 2**63 - 1, 2**63, 2**64 - 1, 10**400):
        for kind in (int, lambda x: [x]):
            with pytest.raises(ValueError, match=r"^n must be a whole number in \[0, 2\^53\]"):
                function(5, kind(beyond), 0.5)
    if function is not binomial.kl:
        # 2^53 + 1 would round to n
        assert function(top + 1, top, 0.5) == function([top + 1], top, 0.5)[0]
        assert function(np.int64(top + 1), top, 0.5) == function([top + 1], top, 0.5)[0]
        assert function(top + 1, top, 0.5) == function(2.0**54, top, 0.5)
        assert function(-(10**400), top, 0.5) == function(-1, top, 0.5)


def test_outputs(function):
    k = np.arange(40.0) if function is binomial.kl else np.arange(-3.0, 43)
    want, out = function(k, 40, 0.3), np.full(k.shape, 7.0)
    assert function(k, 40, 0.3, out=out) is out
    np.testing.assert_array_equal(out, want)
    whole = np.full((2, len(k)), 7.0)
    function(k, 40, 0.3, out=whole[1])
    np.testing.assert_array_equal(whole, [np.full(k.shape, 7.0), want])
    backwards = np.empty(len(k))[::-1]
    np.testing.assert_array_equal(function(k, 40, 0.3, out=backwards), want)
    # over its own input, and over a part of it
    same = k.copy()
    np.testing.assert_array_equal(function(same, 40, 0.3, out=same), want)
    shifted = np.append(k, 0.0)
    np.testing.assert_array_equal(function(shifted[:-1], 40, 0.3, out=shifted[1:]), want)
    single = np.empty(())
    assert function(5, 40, 0.3, out=single) is single
    assert single == function(5, 40, 0.3)


def test_outputs_that_do_not_fit(function):
    frozen = np.empty(3)
    frozen.flags.writeable = False
    for bad in (np.empty(2), np.empty(3, np.float32), np.empty(3, ">f8"), [0.0] * 3, frozen):
        with pytest.raises(ValueError, match=r"^out must be"):
            function([1, 2, 3], 9, 0.5, out=bad)


def test_threads_change_nothing(function):
    rng = np.random.default_rng(1)
    n = np.floor(10 ** rng.uniform(0, 9, 5000))
    p = rng.random(5000) ** 4
    k = np.floor(np.clip(n * p + rng.normal(0, 6, 5000) * np.sqrt(n * p * (1 - p)), 0, n))
    one = function(k, n, p)
    for threads in (2, 3, 7):
        np.testing.assert_array_equal(function(k, n, p, n_threads=threads), one)
    with pytest.raises(ValueError, match="n_threads"):
        function(1, 3, 0.5, n_threads=0)
    with pytest.raises(TypeError, match="n_threads"):
        function(1, 3, 0.5, n_threads=1.5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_broadcast_blocks(name):
    """Blocks of any size, of inputs that run along some axes: the bits of whole copies."""
    rng = np.random.default_rng(2)
    k, p = rng.integers(0, 30, (7, 1, 5)), rng.random((3, 1)).T.reshape(1, 3, 1)[:, ::-1]
    n = np.full((7, 3, 5), 40.0).transpose(0, 1, 2)[::-1]
    whole = getattr(binomial, name)(*(np.array(x) for x in np.broadcast_arrays(k, n, p)))
    assert whole.shape == (7, 3, 5)
    one = np.array(40.0)
    kernel = _binomial_arrays.kernel_of(name)
    for size, n_threads, inputs in itertools.product(
        (1, 4, 5, 16, 60, 1000), (1, 2), ((k * 1.0, n, p), (k * 1.0, one, p))
    ):
        out = np.full((7, 3, 5), np.nan)
        broadcast.run_into(
            kernel, inputs, out, out.shape, n_threads, elements_a_thread=10, block_elements=size
        )
        np.testing.assert_array_equal(out, whole)


def test_inputs_stay(function):
    arguments = [np.array([1.0, 2]), np.array([9, 9]), np.array([0.5, 0.5])]
    before = [x.copy() for x in arguments]
    function(*arguments)
    for x, y in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(x, y)


bits = st.integers(0, 2**64 - 1).map(lambda i: float(np.array(i, np.uint64).view(np.float64)))


RANGES = {"sf": (0, 1), "cdf": (0, 1), "pmf": (0, 1), "kl": (0, math.inf)}


@settings(max_examples=300, deadline=None)
@given(st.one_of(bits, st.integers(-(2**63), 2**63 - 1)), st.integers(-(2**63), 2**63 - 1), bits)
def test_any_bits_are_refused_or_answered(k, n, p):
    for name in FUNCTIONS:
        function = getattr(binomial, name)
        legal = 0 <= n <= 2**53 and 0 <= p <= 1 and not math.isnan(k)
        if name == "kl":
            legal = legal and 0 <= k <= n and k == math.floor(k)
        if legal:
            one = function(k, n, p)
            assert function([k], [n], [p])[0] == one
            low, high = RANGES.get(name, (-math.inf, 0))
            assert low <= one <= high
            continue
        for arguments in ((k, n, p), ([k], [n], [p])):
            with pytest.raises(ValueError, match=r"^[knp] must"):
                function(*arguments)


LIMITS = (binomial.upper_limit, binomial.lower_limit)


@pytest.mark.parametrize("limit", LIMITS)
def test_limits_broadcast(limit):
    k, n, level = np.arange(4)[:, None], 9, np.array([-1.0, -50, -0.01])
    found = limit(k, n, level)
    assert found.p.shape == found.log_p.shape == found.log1m_p.shape == (4, 3)
    one = limit(2, 9, -50.0)
    assert (found.p[2, 1], found.log_p[2, 1], found.log1m_p[2, 1]) == (
        one.p,
        one.log_p,
        one.log1m_p,
    )
    assert isinstance(one.p, float)
    block = limit(np.arange(400)[:, None], 500, np.linspace(-9, 0, 50))  # more than one block
    assert block.log_p[399, 7] == limit(399, 500, np.linspace(-9, 0, 50)[7]).log_p
    many = limit(np.arange(3000) % 10, 9, -2.0)
    again = limit(np.arange(3000) % 10, 9, -2.0, n_threads=3)
    np.testing.assert_array_equal(many.p, again.p)
    assert limit([], 9, -1.0).p.shape == (0,)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-1, 9, -1.0), "k"),
        ((10, 9, -1.0), "k"),
        ((1.5, 9, -1.0), "k"),
        ((math.nan, 9, -1.0), "k"),
        ((1, 9.5, -1.0), "n"),
        ((1, 2**53 + 1, -1.0), "n"),
        ((1, math.nan, -1.0), "n"),
        ((1, 9, 0.5), "log_level"),
        ((1, 9, math.nan), "log_level"),
        (([1, 2], [9, 9, 9], -1.0), "k and n"),
        (([1, 2], 9, [-1.0, -2, -3]), "k, n and log_level"),
    ],
)
def test_limits_refuse(limit, arguments, name):
    with pytest.raises(ValueError, match=rf"^{name} must"):
        limit(*arguments)


def test_log_isf_arguments():
    out = np.empty(3)
    levels = [-1.0, -2, -math.inf]
    assert binomial.log_isf(levels, 9, 0.5, out=out) is out
    np.testing.assert_array_equal(out, [binomial.log_isf(x, 9, 0.5) for x in levels])
    for arguments, name in (
        ((math.nan, 9, 0.5), "level"),
        ((-1, 9.5, 0.5), "n"),
        ((-1, 9, 2), "p"),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must"):
            binomial.log_isf(*arguments)
    with pytest.raises(ValueError, match=r"^level, n and p must broadcast"):
        binomial.log_isf([-1, -2], [9, 9, 9], 0.5)


def test_interval_arguments():
    for bad in (0, 1, -0.5, math.nan):
        with pytest.raises(ValueError, match=r"^confidence must"):
            binomial.proportion_interval(8, 40, confidence=bad)
    both = binomial.proportion_interval(np.arange(41), 40, n_threads=2)
    assert np.all(both.lower.p <= np.arange(41) / 40)
    assert np.all(both.upper.p >= np.arange(41) / 40)
