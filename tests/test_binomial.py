"""Binomial tails: known values, identities, bad input. test_binomial_accuracy.py has the tables."""

from __future__ import annotations

import doctest
import math
import runpy
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from errors import relative_error
from hypothesis import example, given, settings
from hypothesis import strategies as st

from htstats import binomial
from htstats.binomial import _arguments as _binomial_arrays

ROOT = Path(__file__).parent
# What the functions promise (docs/accuracy-binomial.md), and a factor for two values compared.
EPS = 4e-15


def bits_to_probability(bits: int) -> float:
    return float(np.array(bits, dtype=np.uint64).view(np.float64))


ONE_BITS = 0x3FF0000000000000
probabilities = st.integers(0, ONE_BITS).map(bits_to_probability)
sizes = st.one_of(st.integers(0, 60), st.integers(0, 2**53))


# 1 - p is a double, and so is its mirror image
grid_probabilities = st.one_of(
    *(st.integers(0, top).map(lambda i: i * 2.0**-53) for top in (2**53, 2**20))
).flatmap(lambda p: st.sampled_from([p, 1 - p]))


@st.composite
def laws_above_the_mean(draw):
    """(k, n, p) with 1 < k < n and k a little more than n p + 1 or higher."""
    n = draw(st.one_of(st.integers(3, 60), st.integers(3, 2**53)))
    k = draw(st.one_of(st.integers(2, n - 1), st.integers(2, min(n - 1, 30))))
    part = draw(st.one_of(st.floats(0, 1 - 1e-9), probabilities.map(lambda x: x * (1 - 1e-9))))
    return k, n, max((k - 1) / n * part, 5e-324)


@st.composite
def laws(draw, chances=st.one_of(probabilities, st.floats(0, 1))):  # noqa: B008 (a strategy)
    """(k, n, p): k anywhere in int64, or within some standard deviations of the mean."""
    n, p = draw(sizes), draw(chances)
    sigma = math.sqrt(n * p * (1 - p))
    near = int(n * p + draw(st.floats(-50, 50)) * (sigma + 1))
    k = draw(st.sampled_from([near, draw(st.integers(-(2**63), 2**63 - 1)), 0, 1, n - 1, n]))
    return k, n, p


def exact_tails(k: int, n: int, p: float) -> tuple[mp.mpf, mp.mpf]:
    """P(X <= k), P(X > k) by adding all terms, no rounding before the end."""
    q = 1 - mp.mpf(p)
    terms = [mp.binomial(n, i) * mp.mpf(p) ** i * q ** (n - i) for i in range(n + 1)]
    return mp.fsum(terms[: max(k + 1, 0)]), mp.fsum(terms[max(k + 1, 0) :])


def log_error(got: float, p: mp.mpf, other: mp.mpf) -> float:
    """Relative error of log P in units of max(1, |log(1-P)|)."""
    if p <= 0:
        return 0.0 if got == -math.inf else math.inf
    want = mp.log(p) if p < 0.5 else mp.log1p(-other)
    scale = max(1, abs(mp.log(other))) if other > 0 and p > 0.5 else 1
    # denormal logs may miss by the distance between two of them
    return relative_error(got, want, grain=5e-324) / float(scale)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 40), st.integers(-2, 42), st.one_of(probabilities, st.floats(0, 1)))
def test_small_n_against_exact_sums(n, k, p):
    with mp.workdps(400):  # 1 - p is exact: p has 1074 bits at most behind the point
        below, above = exact_tails(k, n, p)
        assert log_error(binomial.logcdf(k, n, p), below, above) <= EPS
        assert log_error(binomial.logsf(k, n, p), above, below) <= EPS
        for got, want in ((binomial.cdf(k, n, p), below), (binomial.sf(k, n, p), above)):
            if want > 1e-300:
                assert relative_error(got, want) <= EPS


@pytest.mark.parametrize(
    ("n", "p", "k", "tail", "bound"),
    [
        (640, 0.0780206593063507, 60, 0.0819830742262, 0.35378468923),
        (10000, 0.01, 150, 1.65706019624e-6, 1.76241234429e-5),
        (79400, 0.017888543819998316, 1705, 7.8033148365e-14, 1.38068761094e-12),
    ],
)
def test_golden_tails(n, p, k, tail, bound):
    # twelve digits are printed
    assert binomial.sf(k - 1, n, p) == pytest.approx(tail, rel=1e-11)
    assert math.exp(binomial.chernoff_logsf(k - 1, n, p)) == pytest.approx(bound, rel=1e-11)


@pytest.mark.parametrize(
    ("errors", "m", "bits", "limit"),
    [
        (0, 1437, 500, 0.215935),
        (72, 1437, 800, 0.435447),
        (9000, 60000, 10000, 0.366087),
        (11778, 60000, 3740, 0.328191),
    ],
)
def test_golden_limits(errors, m, bits, limit):
    level = math.log(0.05) - bits * math.log(2)
    assert binomial.upper_limit(errors, m, level).p == pytest.approx(limit, abs=5e-7)


@settings(max_examples=300, deadline=None)
@example((2**53, 2**53, 0.25))
@example((-1, 2**53, 0.75))
@given(laws(grid_probabilities))
def test_mirror_image(law):
    k, n, p = law
    q = 1.0 - p
    assert 1.0 - q == p
    left, right = binomial.logsf(k, n, p), binomial.logcdf(n - k - 1, n, q)
    assert left == right or left == pytest.approx(right, rel=EPS)


@settings(max_examples=300, deadline=None)
@given(laws())
def test_the_two_tails_add_to_one(law):
    k, n, p = law
    both = binomial.cdf(k, n, p) + binomial.sf(k, n, p)
    assert both == pytest.approx(1, abs=EPS)


@settings(max_examples=300, deadline=None)
@given(laws())
def test_differences_are_the_pmf(law):
    k, n, p = law
    mass = binomial.pmf(k, n, p)
    for tail, shift in ((binomial.sf, -1), (binomial.cdf, 1)):
        more, less = (tail(k - 1, n, p), tail(k, n, p))[:: 1 if shift < 0 else -1]
        assert more - less == pytest.approx(mass, abs=2 * EPS * more + 5e-324)


@settings(max_examples=300, deadline=None)
@given(laws(), st.integers(1, 3), st.integers(1, 1000))
def test_monotone_in_k_and_p(law, step, ulps):
    k, n, p = law
    here = binomial.logsf(k, n, p)
    slack = 2 * EPS * abs(here) * max(1.0, -binomial.logcdf(k, n, p) if here > -0.7 else 1.0)
    if math.isnan(slack) or math.isinf(slack):
        return
    assert binomial.logsf(k + step, n, p) <= here + slack
    higher = min(1.0, p + ulps * np.spacing(p))
    assert binomial.logsf(k, n, higher) >= here - slack


@settings(max_examples=300, deadline=None)
@given(laws_above_the_mean())
def test_between_chernoff_and_its_converse(law):
    k, n, p = law
    tail, bound = binomial.logsf(k - 1, n, p), binomial.chernoff_logsf(k - 1, n, p)
    assert math.isfinite(bound)
    slack = 2 * EPS * abs(bound)
    assert bound == -binomial.kl(k, n, p)
    assert tail <= bound + slack
    assert tail >= bound - math.log(8.0 * k * (n - k) / n) / 2 - slack


@settings(max_examples=200, deadline=None)
@given(laws(), st.floats(-1e6, 0))
def test_log_isf_is_the_smallest(law, level):
    _, n, p = law
    k = binomial.log_isf(level, n, p)
    assert k == math.floor(k)
    assert -1 <= k <= n
    assert binomial.logsf(k, n, p) <= level
    if k > -1:
        assert binomial.logsf(k - 1, n, p) > level


def test_a_level_that_is_met_exactly_is_enough():
    k = np.arange(0, 60)
    for n, p in ((60, 0.3), (10**6, 3e-5), (2**53, 1e-15)):
        level = binomial.logsf(k, n, p)
        meets = np.unique(level, return_index=True)[1]  # the first k of those with equal tails
        np.testing.assert_array_equal(binomial.log_isf(level[meets], n, p), k[meets])


@pytest.mark.parametrize(("n", "k"), [(1, 0), (5, 3), (100, 99), (1437, 72), (5000, 3)])
@pytest.mark.parametrize("level", [-1e-300, -1e-20, -1e-3, -0.5, -0.7, -3.0, -700.0, -7000.0, -1e7])
def test_upper_limit_inverts(n, k, level):
    limit = binomial.upper_limit(k, n, level)
    if not 1e-290 < min(limit.p, math.exp(limit.log1m_p)):
        # the leading term of the tail, with nothing but whole numbers and logs
        with mp.workdps(60):
            if limit.p > 0.5:
                want = (mp.mpf(level) - mp.log(mp.binomial(n, k))) / (n - k)
                assert limit.log1m_p == pytest.approx(float(want), rel=1e-13)
            else:
                want = mp.log(-mp.mpf(level)) - mp.log(mp.binomial(n, k + 1))
                assert limit.log_p == pytest.approx(float(want / (k + 1)), rel=1e-13)
        return
    # log P moves by at least 1e-13 where log of the smaller of p and 1-p does (P(X <= k) <= 1)
    lost = -min(limit.log_p, limit.log1m_p) / math.log(10)  # digits of 1 - p beside 1
    with mp.workdps(50 + math.ceil(lost)):
        p = 1 - mp.exp(mp.mpf(limit.log1m_p)) if limit.p > 0.5 else mp.mpf(limit.p)
        shift = mp.mpf(10) ** -13
        low, high = (p * (1 - shift), p * (1 + shift))
        if limit.p > 0.5:
            low, high = 1 - (1 - p) * (1 + shift), 1 - (1 - p) * (1 - shift)
        ends = sorted(tail_at(k, n, x, level) for x in (low, high))
        assert ends[0] <= target(level) <= ends[1]


def target(level):
    """The level of the tail that is compared: the smaller one."""
    return mp.mpf(level) if level < -0.69 else mp.log(-mp.expm1(mp.mpf(level)))


def tail_at(k, n, p, level):
    """log of the smaller tail, by the series of the incomplete beta function."""
    if level < -0.69:  # P(X <= k)
        a, b, x = mp.mpf(n - k), mp.mpf(k + 1), 1 - p
    else:
        a, b, x = mp.mpf(k + 1), mp.mpf(n - k), p
    front = a * mp.log(x) + b * mp.log1p(-x) - mp.log(a)
    front += mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    term = total = mp.mpf(1)
    i = 0
    while term > total * mp.mpf(10) ** -24:
        term *= (a + b + i) / (a + 1 + i) * x
        total += term
        i += 1
        if i > 10**6:
            pytest.fail("the reference series does not converge")
    return front + mp.log(total)


def test_limits_mirror_and_bracket():
    low, high = binomial.lower_limit(3, 10, -4.0), binomial.upper_limit(7, 10, -4.0)
    assert low.p == pytest.approx(1 - high.p, rel=1e-14)
    assert (low.log_p, low.log1m_p) == (high.log1m_p, high.log_p)
    interval = binomial.proportion_interval(8, 40, confidence=0.9)
    assert interval.lower.p < 0.2 < interval.upper.p
    assert binomial.sf(7, 40, interval.lower.p) == pytest.approx(0.05, rel=1e-12)
    assert binomial.cdf(8, 40, interval.upper.p) == pytest.approx(0.05, rel=1e-12)


def test_ends():
    assert binomial.upper_limit(5, 5, -3.0).p == 1
    assert binomial.lower_limit(0, 5, -3.0).p == 0
    assert binomial.upper_limit(0, 0, -3.0).p == 1
    assert binomial.logsf(-1, 0, 0.3) == 0
    assert binomial.logsf(0, 0, 0.3) == -math.inf
    assert binomial.logcdf(0, 7, 0.0) == 0
    assert binomial.logcdf(6, 7, 1.0) == -math.inf
    assert binomial.pmf([0, 7], 7, [0.0, 1.0]).tolist() == [1, 1]
    assert binomial.kl(3, 5, [0.0, 1.0]).tolist() == [math.inf, math.inf]
    assert binomial.logcdf(0, 10**12, 1e-40) == pytest.approx(-1e-28, rel=1e-15)
    for far in (2**63 - 1, 10**400, 1e300, math.inf):
        assert binomial.logsf(far, 2**53, 0.5) == -math.inf
        assert binomial.cdf(-far, 2**53, 0.5) == 0
    assert binomial.log_isf(0.0, 5, 0.5) == -1
    assert binomial.log_isf(-math.inf, 5, 0.5) == 5
    assert binomial.sf(2.7, 5, 0.5) == binomial.sf(2, 5, 0.5)


@pytest.mark.parametrize("name", _binomial_arrays.FUNCTIONS)
def test_bad_input(name):
    function = getattr(binomial, name)
    for bad in (-0.1, 1.1, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"^p must"):
            function(1, 3, bad)
    for bad in (-1, 2.5, math.nan, 2**53 + 1, 10**30, math.inf):
        with pytest.raises(ValueError, match=r"^n must"):
            function(1, bad, 0.5)
    with pytest.raises(ValueError, match=r"^k must not be NaN"):
        function(math.nan, 3, 0.5)
    with pytest.raises(TypeError, match=r"^k must"):
        function("3", 3, 0.5)
    with pytest.raises(ValueError, match=r"^out must"):
        function(1, 3, 0.5, out=np.empty(2))
    # one bad element among many, and nothing written before the error
    many, kept = np.full(600, 0.5), np.full(600, 7.0)
    many[333] = math.nan
    with pytest.raises(ValueError, match=r"^p must"):
        function(1, 3, many)
    with pytest.raises(ValueError, match=r"^p must"):
        function(1, 3, many, out=kept)
    assert np.all(kept == 7)
    with pytest.raises(ValueError, match=r"^k must not be NaN"):
        function(many, 3, 0.5)


def test_broadcasting_out_and_threads():
    rng = np.random.default_rng(0)
    k, p = rng.integers(0, 1000, (50, 1)), rng.random((1, 200))
    one = binomial.logsf(k, 1000, p)
    assert one.shape == (50, 200)
    assert one[3, 7] == binomial.logsf(k[3, 0], 1000, p[0, 7])
    np.testing.assert_array_equal(binomial.logsf(k, 1000, p, n_threads=3), one)
    out = np.empty((50, 200))
    assert binomial.logsf(k, 1000, p, out=out) is out
    np.testing.assert_array_equal(out, one)
    strided = np.empty((50, 400))[:, ::2]
    np.testing.assert_array_equal(binomial.logsf(k, 1000, p, out=strided), one)
    same = rng.random(100)
    want = binomial.sf(3, 10, same)
    np.testing.assert_array_equal(binomial.sf(3, 10, same, out=same), want)
    assert binomial.cdf([], 3, 0.5).shape == (0,)


def test_committed_tables_are_what_the_script_writes():
    script = runpy.run_path(str(ROOT / "tables" / "make_binomial_tables.py"))
    with mp.workdps(60):
        assert script["HEADER"].read_text() == script["header"]()


def test_series_coefficients_at_the_poisson_limit():
    # Temme's coefficients of the incomplete gamma function: lambda = 1
    script = runpy.run_path(str(ROOT / "tables" / "make_binomial_tables.py"))
    h = [sum(c.values()) for c in script["omega_over_tau"](5)]
    assert [str(c) for c in h[1:]] == ["-1/3", "1/12", "-2/135", "1/864", "1/2835"]


def test_docstrings():
    assert doctest.testmod(binomial).failed == 0
