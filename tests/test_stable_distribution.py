"""Stable laws: quantiles, and the object with its table, moments, mode and entropy."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import scipy.stats
from stable_laws import LAWS, NAMES, POINTS

from htstats import stable
from htstats.stable import StableDistribution
from htstats.stable import _table as tables

# ---- quantiles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("parameterization", ["S0", "S1"])
def test_quantiles_undo_the_tails(law, parameterization):
    kind = {"parameterization": parameterization}
    q = np.array([1e-200, 1e-30, 1e-9, 0.01, 0.2, 0.499, 0.5, 0.7, 0.99, 1 - 1e-9])
    for inverse, tail in (("ppf", "cdf"), ("isf", "sf")):
        x = getattr(stable, inverse)(q, *law, **kind)
        seen = np.isfinite(x)
        again = getattr(stable, tail)(x[seen], *law, **kind)
        # the error that the rounding of x makes
        density = stable.pdf(x[seen], *law, **kind)
        rounding = 4e-16 * np.abs(x[seen]) * density / q[seen]
        if parameterization == "S0":
            shift = abs(law[1] * math.tan(math.pi * law[0] / 2)) if law[0] < 0.9 else 0.0
            rounding += 4e-16 * shift * density / q[seen]
        wrong = np.abs(again / q[seen] - 1)
        np.testing.assert_array_less(wrong, 1e-11 + rounding)
        ascending = x if inverse == "ppf" else x[::-1]
        assert np.all(ascending[1:] >= ascending[:-1])


@pytest.mark.parametrize("law", LAWS)
def test_log_isf_agrees_with_isf_and_goes_beyond(law):
    q = np.array([1e-300, 1e-20, 0.3, 0.8])
    isf = stable.isf(q, *law)
    np.testing.assert_allclose(
        stable.log_isf(np.log(q), *law), isf, rtol=1e-9, atol=1e-12 * (1 + np.abs(isf[2]))
    )
    x = stable.log_isf(-5000.0, *law, parameterization="S1")
    if math.isfinite(x):
        again = stable.logsf(x, *law, parameterization="S1")
        assert again == pytest.approx(-5000.0, rel=1e-9 if abs(law[0] - 1) > 1e-5 else 1e-5)
    low, high = stable.log_isf([0.0, -math.inf], *law)
    assert low == stable.ppf(0.0, *law)
    assert high == stable.ppf(1.0, *law)
    near_one = stable.log_isf(-1e-18, *law)
    assert near_one == pytest.approx(stable.ppf(1e-18, *law), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.9, 0.99, 1 - 1e-6, 1.0, 1.05, 1.2, 1.5, 1.9])
@pytest.mark.parametrize("beta", [-1.0, 1.0])
def test_quantiles_far_in_the_light_tail(alpha, beta):
    """A step of Newton's method into the light tail, where -log P is 1e15, must not end there."""
    level = -(10.0 ** np.linspace(0, 6, 61))
    x = stable.log_isf(level, alpha, beta)
    seen = np.abs(x) < 1e280
    again = stable.logsf(x[seen], alpha, beta)
    np.testing.assert_allclose(again, level[seen], rtol=1e-9 if abs(alpha - 1) > 1e-5 else 1e-7)
    q = np.exp(np.linspace(-690, -1, 300))
    for name, tail in (("ppf", "logcdf"), ("isf", "logsf")):
        x = getattr(stable, name)(q, alpha, beta)
        seen = np.abs(x) < 1e280
        again = getattr(stable, tail)(x[seen], alpha, beta)
        np.testing.assert_allclose(again, np.log(q[seen]), rtol=1e-11, atol=1e-11)


TABLE_QUANTILES = [
    *[(1.5, 0.5), (1.0, 0.3), (0.6, 0.5), (1.9, 0.0), (0.4, 1.0), (0.1, 0.3), (2.0, 0.0)],
    *[(1.99, 1.0), (0.5, 1.0), (0.9, -1.0), (1.2, 1.0), (1.0, 0.0), (1 - 1e-9, 0.5), (0.99, 1.0)],
]


@pytest.mark.parametrize("law", TABLE_QUANTILES)
@pytest.mark.parametrize("parameterization", ["S0", "S1"])
def test_quantiles_of_arrays_are_those_of_numbers(law, parameterization):
    rng = np.random.default_rng(5)
    far = 10 ** rng.uniform(-300, 0, 100)
    q = np.concatenate([rng.uniform(size=500), far, 1 - far, np.linspace(0, 1, 501), [1e-300]])
    d = StableDistribution(*law, 1.0, 2.0, parameterization)
    level = np.log(np.maximum(q, 1e-320))
    for name, given in (("ppf", q), ("isf", q), ("log_isf", level)):
        table = getattr(d, name)(given)
        direct = getattr(stable, name)(given, *law, 1.0, 2.0, parameterization=parameterization)
        seen = np.isfinite(direct)
        np.testing.assert_array_equal(table[~seen], direct[~seen])
        np.testing.assert_allclose(table[seen], direct[seen], rtol=1e-11, atol=2e-11)
        order = np.argsort(given, kind="stable")
        ascending = table[order] if name == "ppf" else table[order][::-1]
        assert np.all(ascending[1:] >= ascending[:-1])


# ---- the object and its table --------------------------------------------------------------------


def test_repr_says_the_parameterization_and_nothing_can_be_changed():
    law = StableDistribution(1.5, 0.5, parameterization="S1")
    assert "parameterization='S1'" in repr(law)
    with pytest.raises(FrozenInstanceError):
        law.alpha = 1.2
    assert pickle.loads(pickle.dumps(law)) == law
    assert hash(law) == hash(StableDistribution(1.5, 0.5, parameterization="S1"))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("parameterization", ["S0", "S1"])
def test_the_table_is_close_to_the_direct_functions(law, parameterization):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.standard_cauchy(700) * 3, rng.normal(size=700), np.array(POINTS)])
    object_ = StableDistribution(*law, parameterization=parameterization)
    for name in NAMES:
        table = getattr(object_, name)(x)
        direct = getattr(stable, name)(x, *law, parameterization=parameterization)
        seen = np.isfinite(direct)
        np.testing.assert_array_equal(table[~seen], direct[~seen])
        atol = 1e-290 if not name.startswith("log") else 5e-12 if name == "logpdf" else 1e-300
        np.testing.assert_allclose(table[seen], direct[seen], rtol=1e-11, atol=atol)


@pytest.mark.parametrize("law", [(0.02, 0.0), (0.05, 0.3), (0.08, -1.0), (0.099, 0.5)])
def test_large_arrays_of_a_tiny_alpha_are_those_of_numbers(law):
    """Tables of alpha below .1 do not reach far enough: the density was constant there."""
    x = 10.0 ** np.linspace(-200, 300, 1200)
    object_ = StableDistribution(*law, parameterization="S1")
    for name in NAMES:
        direct = [getattr(stable, name)(v, *law, parameterization="S1") for v in x.tolist()]
        np.testing.assert_array_equal(getattr(object_, name)(x), direct)
    q = np.linspace(0, 1, 1100)
    direct = [stable.ppf(v, *law, parameterization="S1") for v in q.tolist()]
    np.testing.assert_array_equal(object_.ppf(q), direct)


@pytest.mark.parametrize("law", [(0.03, 0.0), (0.05, 0.3), (0.09, 0.5), (0.2, -0.4), (0.9, 1.0)])
def test_entropy_is_the_mean_of_the_log_density(law):
    object_ = StableDistribution(*law, parameterization="S1")
    found = -np.asarray(object_.logpdf(object_.sample(20_000, seed=1)))
    found = found[np.isfinite(found)]  # a number beyond the range of floats has density 0
    assert object_.entropy() == pytest.approx(found.mean(), abs=6 * found.std() / 20_000**0.5)


def test_a_table_is_built_once_for_all_threads(monkeypatch):
    built = []

    class Counted(tables.StableTable):
        def __init__(self, alpha, beta):
            built.append((alpha, beta))
            super().__init__(alpha, beta)

    monkeypatch.setattr(tables, "StableTable", Counted)
    monkeypatch.setattr(tables, "_CACHE", tables._Cache())
    x = np.linspace(-5, 5, 4000)
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda _: StableDistribution(1.23, 0.45, scale=2.0).pdf(x), range(24))
        )
    assert built == [(1.23, 0.45)]
    assert all(np.array_equal(results[0], other) for other in results)


def test_the_tables_kept_are_bounded():
    cache = tables._Cache()
    for i in range(tables.MOST_TABLES + 5):
        cache.find(1.1 + i * 1e-3, 0.0)
    assert len(cache._entries) == tables.MOST_TABLES
    assert cache.find(1.2, 0.0)._table.nbytes < 300_000


def test_moments():
    assert StableDistribution(1.5, 0.5, 2.0, 3.0, "S1").mean() == 2.0
    shifted = StableDistribution(1.5, 0.5, 2.0, 3.0)
    assert shifted.mean() == pytest.approx(2.0 + 1.5, rel=1e-14)
    assert math.isnan(StableDistribution(0.9, 0.5).mean())
    assert StableDistribution(0.9, 1.0).mean() == math.inf
    assert StableDistribution(0.9, -1.0).mean() == -math.inf
    assert StableDistribution(2.0, 0.0, 1.0, 3.0).var() == 18.0
    assert StableDistribution(2.0, 0.0, 1.0, 3.0).std() == math.sqrt(18.0)
    assert StableDistribution(1.9, 0.0).var() == math.inf
    huge = StableDistribution(2.0, 0.0, 0.0, 1e200)  # the variance is beyond the range of floats
    assert huge.var() == huge.stats("v") == huge.moment(2) == math.inf


@pytest.mark.parametrize("law", [(0.3, 0.4), (0.8, -0.6), (1.0, 0.9), (1.0, 1.0), (1.6, -1.0)])
@pytest.mark.parametrize("parameterization", ["S0", "S1"])
def test_median_mode_and_interval(law, parameterization):
    d = StableDistribution(*law, 1.5, 2.0, parameterization)
    assert d.cdf(d.median()) == pytest.approx(0.5, rel=1e-11)
    low, high = d.interval(0.8)
    assert d.cdf(low) == pytest.approx(0.1, rel=1e-11)
    assert d.sf(high) == pytest.approx(0.1, rel=1e-11)
    mode, width = d.mode(), d.ppf(0.6) - d.ppf(0.4)
    top = d.logpdf(mode)
    for side in (-1, 1):
        assert d.logpdf(mode + side * 1e-3 * width) < top


def test_mode_and_entropy_of_closed_forms():
    one_sided = StableDistribution(0.5, 1.0, 0.0, 2.0, "S1")
    assert one_sided.mode() == pytest.approx(2 / 3, rel=1e-9)
    known = (1 + 3 * 0.57721566490153286061 + math.log(16 * math.pi)) / 2
    assert one_sided.entropy() == pytest.approx(known + math.log(2), rel=1e-10)
    assert StableDistribution(2.0, 0.0, 0.0, 3.0).entropy() == pytest.approx(
        0.5 * math.log(2 * math.pi * math.e * 18), rel=1e-14
    )
    assert StableDistribution(1.0, 0.0).entropy() == pytest.approx(math.log(4 * math.pi))
    near = StableDistribution(1 + 1e-9, 0.0).entropy()
    assert near == pytest.approx(math.log(4 * math.pi), rel=1e-8)
    assert StableDistribution(2 - 1e-9, 0.0).entropy() == pytest.approx(
        0.5 * math.log(4 * math.pi * math.e), rel=1e-8
    )
    assert StableDistribution(1.5, 0.0, 4.0).mode() == 4.0


def test_the_names_of_scipy_on_the_normal_law():
    law, known = StableDistribution(2.0, 0.0, 1.5, 3.0), scipy.stats.norm(1.5, 3 * math.sqrt(2))
    assert law.stats("mvsk") == pytest.approx(known.stats("mvsk"), rel=1e-14)
    assert law.stats("k") == 0.0
    for order in range(8):
        assert law.moment(order) == pytest.approx(known.moment(order), rel=1e-12)
    assert law.expect() == pytest.approx(1.5, rel=1e-10)
    assert law.expect(lambda x: x * x) == pytest.approx(known.moment(2), rel=1e-10)
    part = known.expect(lambda x: x, lb=1.0, ub=4.0, conditional=True)
    assert law.expect(lb=1.0, ub=4.0, conditional=True) == pytest.approx(part, rel=1e-9)
    assert law.expect(lb=4.0, ub=1.0) == 0.0


@pytest.mark.parametrize("beta", [-1.0, -0.3, 0.0, 0.7, 1.0])
@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.6])
def test_moments_of_heavy_tails(alpha, beta):
    law = StableDistribution(alpha, beta, 2.0, 0.5)
    assert law.moment(0) == 1.0
    assert law.moment(2) == math.inf
    assert law.stats("v") == math.inf
    third = law.moment(3)
    assert third == math.copysign(math.inf, beta) if abs(beta) == 1 else math.isnan(third)
    mean = law.moment(1)
    assert mean == law.mean() or (math.isnan(mean) and math.isnan(law.mean()))
    if alpha > 1:
        assert law.expect(lb=-1e150) == pytest.approx(law.mean(), rel=1e-8)
    else:
        assert mean == math.copysign(math.inf, beta) if abs(beta) == 1 else math.isnan(mean)


@pytest.mark.parametrize("law", [(0.6, 0.4), (1.0, 0.5), (1.4, -0.8), (0.5, 1.0)])
@pytest.mark.parametrize("parameterization", ["S0", "S1"])
def test_expectations_of_bounded_functions(law, parameterization):
    d = StableDistribution(*law, 1.0, 2.0, parameterization)
    assert d.expect(lambda x: 1.0) == pytest.approx(1.0, rel=1e-9)
    inside = d.expect(lambda x: 1.0, lb=0.0, ub=5.0)
    assert inside == pytest.approx(d.cdf(5.0) - d.cdf(0.0), rel=1e-9)
    if parameterization == "S0":  # the characteristic function, of scale 1 and location 0, at t = 1
        alpha, beta = law
        unit = StableDistribution(alpha, beta)
        if alpha > 0.9:
            real = unit.expect(lambda x: math.cos(0.5 * x), lb=-200.0, ub=200.0)
            t = 0.5
            gap = math.tan(math.pi * alpha / 2) * (t ** (1 - alpha) - 1) if alpha != 1 else 0.0
            phase = 2 / math.pi * math.log(t) if alpha == 1 else gap
            known = math.exp(-(t**alpha)) * math.cos(t**alpha * beta * phase)
            assert real == pytest.approx(known, abs=0.01)


@pytest.mark.parametrize("beta", [-1.0, -0.3, 0.0, 0.5, 1.0])
@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 1.3, 1.9])
def test_expectations_that_diverge(alpha, beta):
    """The sign of a one-sided divergence, and NaN for both sides; powers overflow far out."""
    law = StableDistribution(alpha, beta, 1.0, 2.0, "S1")
    one_sided = math.copysign(math.inf, beta)
    for order in (1, 3, 41):
        if order > 1 or alpha <= 1:
            known = one_sided if abs(beta) == 1 else math.nan
            assert law.expect(lambda x, p=order: x**p) == pytest.approx(known, nan_ok=True)
    assert law.expect(lambda x: x**2) == math.inf
    assert law.expect(lambda x: -(abs(x) ** alpha)) == -math.inf
    known = math.inf if beta > -1 else None
    if known:
        assert law.expect(lambda x: x**2, lb=0.0) == known
    # half of the exponent converges; E abs(X)^p of the symmetric law with loc 0 is known
    if beta == 0:
        p = alpha / 2
        centred = StableDistribution(alpha, 0.0, 0.0, 2.0)
        known = 2 ** (2 * p) * math.gamma((1 + p) / 2) * math.gamma(1 - p / alpha)
        known /= math.gamma(1 - p / 2) * math.sqrt(math.pi)
        assert centred.expect(lambda x: abs(x) ** p) == pytest.approx(known, rel=1e-8)


def test_the_exponential_of_a_law_without_a_heavy_right_tail():
    """log E exp X = -sec(pi alpha/2) scale^alpha for beta = -1 in S1; exp overflows far out."""
    for alpha in (0.6, 1.3, 1.8):
        law = StableDistribution(alpha, -1.0, 0.0, 0.7, "S1")
        known = math.exp(-(0.7**alpha) / math.cos(math.pi * alpha / 2))
        assert law.expect(math.exp) == pytest.approx(known, rel=1e-8)


def test_random_numbers_by_the_name_of_scipy():
    law = StableDistribution(1.3, 0.2, 1.0, 2.0, "S1")
    np.testing.assert_array_equal(law.rvs(50, random_state=7), law.sample(50, seed=7))
    assert law.rvs((3, 4), random_state=np.random.default_rng(1)).shape == (3, 4)
    assert isinstance(law.rvs(random_state=np.random.RandomState(2)), float)
    assert not np.array_equal(law.rvs(5), law.rvs(5))
    first, second = (law.rvs(5, random_state=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: d.stats("mx"), "moments must consist of the letters m, v, s and k, got 'mx'"),
        (lambda d: d.moment(-1), "order must be"),
        (lambda d: d.rvs(3, random_state=-1), "random_state must be"),
        (lambda d: d.expect(lb=math.nan), "lb must not be NaN"),
    ],
)
def test_bad_arguments_of_scipys_names(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(StableDistribution(1.5, 0.0))
