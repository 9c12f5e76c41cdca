"""The estimates are maxima: against neighbours near and far, other starts, and on hostile data."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from htstats.alternatives import (
    ALTERNATIVES,
    LOGNORMAL_RIDGE,
    compare,
    compare_all,
    fit_alternative,
)
from htstats.alternatives._stretched_exponential import _Bounded, _Profile
from htstats.power_law import fit_power_law

RNG = np.random.default_rng(0)
PARETO = (1 - RNG.random(300)) ** (-1 / 1.5)
CONTINUOUS = {
    "two": ([1.0, 2.0], 1.0),
    "two above xmin": ([3.0, 7.0], 1.0),
    "three": ([1.0, 1.5, 9.0], 1.0),
    "nearly all at xmin": ([1.0] * 50 + [2.0] * 3, 1.0),
    "up to 1e300": (PARETO / PARETO.max() * 1e300, PARETO.min() / PARETO.max() * 1e300),
    "from 1e-300": (PARETO * 1e-300, 1e-300),
    "over 300 decades": ([1e-100, 1e100, 1e200], 1e-100),
    "steep": (1 + 1e-6 * RNG.standard_exponential(300), 1.0),
    "exponential": (1 + RNG.standard_exponential(500), 1.0),
    "too heavy": (np.concatenate([PARETO, PARETO**3]), 1.0),
    "gamma": (1 + RNG.gamma(50, 0.1, 400), 0.5),
    "lognormal": (np.exp(RNG.standard_normal(400)), 0.2),
    "far from xmin": (1000 + RNG.standard_normal(300), 1.0),
}
WHOLE = {
    "two": ([1, 2], 1),
    "three": ([3, 4, 9], 3),
    "up to 2^53": ([2**53, 2**53 - 1, 2**52], 2**52),
    "1 and 2^53": ([1, 10, 2**53], 1),
    "zeta": (RNG.zipf(2.5, 300), 1),
    "geometric": (RNG.geometric(0.1, 300), 1),
    "poisson": (RNG.poisson(1000, 200), 900),
}
CASES = [(name, x, xmin, False) for name, (x, xmin) in CONTINUOUS.items()]
CASES += [(name, x, xmin, True) for name, (x, xmin) in WHOLE.items()]


def neighbour(law, rng):
    """The law with other parameters, near or far, inside what its estimate may be; or None."""
    size = 10.0 ** rng.uniform(-5, 0.5)
    if law.limit is not None:
        return on_the_ridge(law, size, rng)
    given = {}
    for name, value in law.parameters.items():
        step = size * rng.standard_normal()
        if name in ("Lambda", "sigma", "beta"):
            given[name] = value * math.exp(step) if value > 0 else 1e-6 / law.xmin * math.exp(step)
        elif name == "mu":
            given[name] = value + step * law.sigma
        else:
            given[name] = value + step * max(abs(value - 1), 1e-3)
    other = replace(law, **given)
    if law.name == "lognormal_positive" and other.mu < 0:
        return None
    if law.name == "lognormal":
        start = law.xmin - 0.5 if law.discrete else law.xmin
        if (math.log(start) - other.mu) / other.sigma > 1e7:
            return None
    if law.name == "power_law" and other.alpha <= (0 if law.discrete else 1) + math.isinf(law.xmax):
        return None
    if law.name == "truncated_power_law" and (
        other.alpha < -100 or (other.alpha <= 1 and other.Lambda == 0)
    ):
        return None
    return None if law.name == "stretched_exponential" and "bound" in law.note else other


def on_the_ridge(law, size, rng):
    """A law of the family near its limit, with another rate and so far from it; or None."""
    if law.discrete or law.limit.alpha <= 1:  # on the integers the limit is rounded otherwise
        return None
    rate = (law.limit.alpha - 1) * math.exp(size * rng.standard_normal())
    if law.name.startswith("lognormal"):
        sigma = 10 ** rng.uniform(0, 6)
        return replace(law, mu=math.log(law.xmin) - rate * sigma**2, sigma=sigma)
    if law.name == "stretched_exponential":
        beta = 10 ** rng.uniform(-6, 0)
        log_rate = math.log(rate / beta)
        return replace(law, Lambda=math.inf, beta=beta, log_rate=log_rate)
    return replace(law, alpha=1 + rate, Lambda=10 ** rng.uniform(-6, 0) / law.xmin)


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("name", list(ALTERNATIVES))
@pytest.mark.parametrize(("label", "x", "xmin", "discrete"), CASES, ids=lambda v: str(v)[:20])
def test_no_other_parameters_are_better(label, x, xmin, discrete, name, bounded):
    x = np.asarray(x, np.float64)
    end = float(x.max()) * (1.0 if discrete else 1.5)
    law = fit_alternative(x, name, xmin=xmin, xmax=end if bounded else None, discrete=discrete)
    assert math.isfinite(law.loglikelihood)
    assert law.n_tail == x[x >= xmin].size
    rng = np.random.default_rng(1)
    # sums of logs round, and mu = log xmin - 30 sigma does where both are large
    slack = 1e-6 + 1e-12 * abs(law.loglikelihood)
    for _ in range(15):
        other = neighbour(law, rng)
        if other is not None:
            with np.errstate(all="ignore"):
                total = float(np.sum(other.logpdf(x[x >= xmin])))
            assert not total > law.loglikelihood + slack, other


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("stretched_exponential", [[0.05, 0.2], [3.0, 3.0]]),
        ("lognormal", [[-3.0, 0.3], [2.0, 4.0]]),
        ("truncated_power_law", [[3.0, 1e-4], [0.5, 1.0]]),
    ],
)
@pytest.mark.parametrize("discrete", [False, True])
def test_a_search_from_elsewhere_ends_there(name, start, discrete):
    x = np.exp(np.random.default_rng(4).normal(1.0, 1.0, 3000))
    x = np.ceil(x[x >= 1]) if discrete else x[x >= 1]
    law = fit_alternative(x, name, xmin=1.0, discrete=discrete)
    values, counts = np.unique(x, return_counts=True)
    positive = [k for k, word in enumerate(law.parameter_names) if word not in ("mu", "alpha")]

    def negative(p):
        p = list(p)
        for k in positive:
            p[k] = math.exp(p[k])
        other = replace(law, **dict(zip(law.parameter_names, p, strict=True)))
        with np.errstate(all="ignore"):
            total = -float(counts @ other.logpdf(values))
        return total if math.isfinite(total) else 1e300

    for first in start:
        begin = [math.log(v) if k in positive else v for k, v in enumerate(first)]
        found = optimize.minimize(
            negative, begin, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10}
        )
        assert found.fun >= -law.loglikelihood - 1e-7
        if not law.note:
            assert found.fun == pytest.approx(-law.loglikelihood, abs=1e-6)
            for k, word in enumerate(law.parameter_names):
                value = math.exp(found.x[k]) if k in positive else found.x[k]
                assert value == pytest.approx(getattr(law, word), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", list(ALTERNATIVES))
@pytest.mark.parametrize("discrete", [False, True])
def test_an_end_far_away_is_none(name, discrete):
    x = PARETO[PARETO < 10]  # no law that fits them has 1e-10 of its mass beyond these ends
    x = np.ceil(x) if discrete else x
    xmin = 2.0 if discrete else 1.0
    free = fit_alternative(x, name, xmin=xmin, discrete=discrete)
    ends = (1e12,) if discrete else (1e20, 1e100, 1e300)
    for end in ends:
        law = fit_alternative(x, name, xmin=xmin, xmax=end, discrete=discrete)
        assert law.loglikelihood == pytest.approx(free.loglikelihood, rel=1e-9)


def test_the_higher_of_two_maxima_of_a_stretched_exponential():
    """Up to an xmax the likelihood left to beta may have two; of these values it has."""
    xmax = 1.316
    t = np.array([0.0034, 0.6067, 0.6176, 0.8005]) * math.log(xmax)
    profile = _Profile(t, 1.0)
    bounded = _Bounded(profile, 1.0, xmax)
    low, high = bounded._maxima(profile.low, profile.high)
    for beta in (low, high):
        around = [bounded._height(beta * (1 + step)) for step in (-1e-3, 0, 1e-3)]
        assert around[1] > max(around[0], around[2])
    assert bounded._height(high) > bounded._height(low)
    law = fit_alternative(np.exp(t), "stretched_exponential", xmin=1.0, xmax=xmax)
    assert law.beta == pytest.approx(high, rel=1e-12)
    # the height is that of the density of t
    assert law.loglikelihood == pytest.approx(4 * bounded._height(high) - math.fsum(t), rel=1e-12)


@pytest.mark.parametrize("xmax", [10.0, 5.0, 1e6])
def test_a_stretched_exponential_that_is_steep_or_grows_to_its_end(xmax):
    x = 5 - 1e-4 * RNG.random(40) ** 4 if xmax == 5 else 1 + 1e-6 * RNG.random(40)
    law = fit_alternative(x, "stretched_exponential", xmin=1.0, xmax=xmax)
    assert ("growing" in law.note) == (xmax == 5)
    nearby = [replace(law, beta=law.beta * f) for f in (0.9, 1.1)]
    assert law.loglikelihood > max(float(np.sum(other.logpdf(x))) for other in nearby)


def test_the_likelihood_equations_hold():
    """At the maximum the law's means of log x and of x are the data's: exact for these families."""
    x = fit_alternative([1.0, 3.0, 9.0], "exponential", xmin=1.0).sample(5000, 1)
    cut = fit_alternative(x, "truncated_power_law", xmin=1.0)
    grid = np.linspace(0, 12, 100_001)  # of log x: trapezoids, exact to 1e-9 for what is smooth
    weight = np.exp(cut.logpdf(np.exp(grid)) + grid)
    assert np.trapezoid(weight, grid) == pytest.approx(1, abs=1e-8)
    assert np.trapezoid(weight * grid, grid) == pytest.approx(np.mean(np.log(x)), rel=1e-7)
    assert np.trapezoid(weight * np.exp(grid), grid) == pytest.approx(np.mean(x), rel=1e-7)


def test_ties_say_what_is_missing():
    for name in ("lognormal", "lognormal_positive"):
        with pytest.raises(ValueError, match="two different values"):
            fit_alternative([2.0] * 9, name, xmin=1.0)
    for name in ("power_law", "exponential"):
        assert fit_alternative([2.0] * 9, name, xmin=1.0).note == ""
    for name in ("stretched_exponential", "truncated_power_law"):
        assert "bound" in fit_alternative([2.0] * 9, name, xmin=1.0).note
    with pytest.raises(ValueError, match="below 1e300 xmin"):
        fit_alternative([1e-300, 1e10], "truncated_power_law", xmin=1e-300)


def test_a_ridge_stays_below_its_limit():
    x = np.concatenate([PARETO, PARETO**3])
    law = fit_alternative(x, "lognormal", xmin=1.0)
    assert "ridge" in law.note
    power = fit_alternative(x, "power_law", xmin=1.0)
    assert law.loglikelihood == power.loglikelihood
    np.testing.assert_array_equal(law.logpdf(x), power.logpdf(x))
    heights = []
    for z in (LOGNORMAL_RIDGE, 1e3, 1e4):
        # along the ridge z/sigma is the power law's alpha - 1
        sigma = z / (power.alpha - 1)
        other = replace(law, mu=-z * sigma, sigma=sigma)
        heights.append(float(np.sum(other.logpdf(x))))
    assert heights[0] < heights[1] < heights[2] < law.loglikelihood
    assert heights[2] == pytest.approx(law.loglikelihood, abs=1e-7 * x.size)


def test_a_cutoff_may_have_any_alpha():
    x = np.random.default_rng(8).gamma(3.0, 2.0, 20_000)
    x = x[x >= 0.5]
    law = fit_alternative(x, "truncated_power_law", xmin=0.5)
    # gamma(3, 2) is x^2 exp(-x/2); four standard errors
    assert law.alpha == pytest.approx(-2.0, abs=0.2)
    assert law.Lambda == pytest.approx(0.5, abs=0.03)
    assert law.note == ""


@pytest.mark.parametrize("discrete", [False, True])
def test_compare_uses_the_laws_of_the_fit(discrete):
    """Both sides end at xmax, and the power law is the fit itself, to the last digits."""
    x = (1 - np.random.default_rng(3).random(4000)) ** (-1 / 1.5)
    x = np.ceil(3 * x) if discrete else x
    for xmax in (None, 40.0):
        fit = fit_power_law(x, xmin=4.0 if discrete else 1.2, xmax=xmax, discrete=discrete)
        for row in fit.compare_all().rows:
            assert row.first.alpha == pytest.approx(fit.alpha, rel=1e-12)
            assert row.first.loglikelihood == pytest.approx(fit.loglikelihood, rel=1e-11)
            assert row.second.xmax == (math.inf if xmax is None else xmax)
            total = np.sum(np.exp(row.second.logpdf(np.arange(4.0, 5e4)))) if discrete else 1.0
            if xmax is not None:
                assert total == pytest.approx(1.0, abs=1e-9)
                assert float(row.second.logsf(xmax)) == -math.inf
                assert float(row.second.logpdf(xmax + 1)) == -math.inf
        assert fit.compare("truncated_power_law").R <= 1e-9


def test_a_steep_discrete_tail_keeps_its_alpha():
    """zeta(alpha, xmin) is e^-700 and less here: a sum that underflows gives another alpha."""
    x = np.array([1000.0] * 50 + [1001.0] * 20 + [1003.0])
    fit = fit_power_law(x, xmin=1000.0, discrete=True)
    assert fit.alpha > 1000
    found = fit.compare("exponential")
    assert found.first.alpha == pytest.approx(fit.alpha, rel=1e-12)
    assert math.isfinite(found.R)


def test_nested_laws_are_never_worse():
    x = 1 + np.random.default_rng(5).standard_exponential(500)
    pairs = [
        ("power_law", "truncated_power_law"),
        ("exponential", "truncated_power_law"),
        ("exponential", "stretched_exponential"),
        ("lognormal_positive", "lognormal"),
    ]
    for data, xmax in ((x, None), (x, 4.0), (np.ceil(x), None)):
        for simple, rich in pairs:
            found = compare(data, simple, rich, xmin=1.0, xmax=xmax, discrete=data is not x)
            assert found.nested
            # the discrete exponential is no limit of the discrete stretched one, but for rounding
            assert found.R <= 1e-7, (simple, rich)


def test_a_uniform_sample_up_to_xmax_stands_on_bounds():
    x = 1 + 9 * np.random.default_rng(6).random(500) ** 0.5
    table = compare_all(x, xmin=1.0, xmax=10.0)
    notes = {row.second.name: row.second.note for row in table.rows}
    assert "Lambda stands on its bound 0" in notes["exponential"]
    assert table.rows[0].first.alpha < 1
